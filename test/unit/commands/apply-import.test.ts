// What an import does where a store refuses something, or does not answer any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyImport } from '../../../src/commands/mesh/apply-import.ts';
import { Failure } from '../../../src/failure.ts';
import type { ResourceKey } from '../../../src/mesh/resource.ts';
import { planImport } from '../../../src/store/plan-import.ts';
import type { Outcome } from '../../../src/store/store.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { imported } from '../../support/imported-resources.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const { signal } = new AbortController();
const resources = imported(guideResources());

async function importedInto(answer: (key: ResourceKey) => Outcome | undefined, until = signal) {
	const memory = createMemoryStore();
	const store: typeof memory = {
		...memory,
		put: async (stored, ifRevision) => answer(stored.resource) ?? memory.put(stored, ifRevision),
	};
	const { puts } = planImport(resources, []);
	const refused = await applyImport(store, { puts, removed: [] }, until);
	return { refused, made: (await memory.list()).entries.length };
}

test('what is refused is told with file, line and why, and all others are made', async () => {
	const { refused, made } = await importedInto(({ kind, name }) => {
		if (name === 'serviceBv2') throw new Failure('config', 'LimitExceededException: the mesh has 2', 'raise it');
		return kind === 'route' ? 'outdated' : undefined;
	});
	assert.equal(made, 5);
	assert.deepEqual(
		refused.map(({ resource, why }) => `${resource}: ${why}`),
		[
			'mesh/simpleapp/virtualNode/serviceBv2: LimitExceededException: the mesh has 2; raise it',
			'mesh/simpleapp/virtualRouter/serviceB/route/serviceB-route: somebody else has changed it meanwhile; run it again',
		],
	);
	for (const { file, line } of refused) assert.deepEqual([file, line], ['mesh.json', 1]);
});

test('where nothing answers any more it ends, and says how far it has come', async () => {
	let count = 0;
	const answering = () => {
		count += 1;
		if (count > 3) throw new Failure('socket', 'Cannot reach "http://x"', '');
		return undefined;
	};
	await assert.rejects(importedInto(answering), {
		message: 'Cannot reach "http://x"; 3 of 7 changes are made',
		remedy: 'Run it again to go on: what is done already is left alone',
	});
	assert.equal(count, 4);
});

test('told to stop it ends between two changes, and says so', async () => {
	const stop = new AbortController();
	const answer = ({ kind }: ResourceKey) => {
		if (kind === 'virtualRouter') stop.abort();
		return undefined;
	};
	await assert.rejects(importedInto(answer, stop.signal), { message: 'Stopped: 5 of 7 changes are made' });
});

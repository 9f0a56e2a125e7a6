// What a history of changes does, whatever keeps it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { History, HistoryEvent } from '../../src/control/history.ts';
import { createHistoryFile } from '../../src/host/files/history-file.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { createMemoryHistory } from '../support/memory-history.ts';

const event = (at: number, more: Partial<HistoryEvent> = {}): HistoryEvent => ({
	...{ at: new Date(at * 1_000).toISOString(), by: 'alice', operation: 'UpdateMesh', version: at },
	...{
		resource: 'arn:aws:appmesh:local:000000000000:mesh/m',
		before: { spec: {} },
		after: { spec: { a: [at, 'ü\n'] } },
	},
	...more,
});

const contract: Readonly<Record<string, (history: History) => Promise<void>>> = {
	async 'the newest is the first'(history) {
		assert.deepEqual(await history.latest(10), []);
		for (const at of [1, 2, 3]) await history.add(event(at));
		assert.deepEqual(await history.latest(2), [event(3), event(2)]);
		assert.deepEqual(await history.latest(10), [event(3), event(2), event(1)]);
	},

	async 'what is made and what is deleted has one side only'(history) {
		const { before: _, ...made } = event(1);
		const { after: __, version: ___, ...deleted } = event(2);
		await history.add({ ...made, before: undefined });
		await history.add({ ...deleted, after: undefined, version: undefined });
		const found = await history.latest(2);
		assert.deepEqual(JSON.parse(JSON.stringify(found)), [deleted, made]);
	},

	async 'of many at the same time each is kept'(history) {
		await Promise.all(Array.from({ length: 30 }, (_, at) => history.add(event(at))));
		const versions = (await history.latest(100)).map(({ version }) => version);
		assert.deepEqual(
			versions.toSorted((a = 0, b = 0) => a - b),
			Array.from({ length: 30 }, (_, at) => at),
		);
	},
};

const histories: Readonly<Record<string, (act: (history: History) => Promise<void>) => Promise<void>>> = {
	'in memory': (act) => act(createMemoryHistory()),
	'a file': async (act) => {
		using scratch = createScratch('history');
		await act(createHistoryFile(join(scratch.path, 'new/history.jsonl'), { onUnreadable: assert.fail }));
	},
};

for (const [where, open] of Object.entries(histories))
	describe(`a history: ${where}`, () => {
		for (const [what, act] of Object.entries(contract)) test(what, () => open(act));
	});

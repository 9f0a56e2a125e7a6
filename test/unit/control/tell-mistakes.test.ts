import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellMistakes } from '../../../src/control/tell-mistakes.ts';
import { Failure } from '../../../src/failure.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

test('what cannot be read any more is told in its own words, with what to do', async () => {
	const store = createMemoryStore();
	const away = new Failure('state', 'Cannot follow etcd://a:1/b: nobody answers', 'See whether it runs');
	let onChange = (): void => assert.fail('nobody watches');
	let list = store.list;
	const events: object[] = [];
	const watched = {
		...store,
		list: () => list(),
		watch: (tell: () => void) => {
			onChange = tell;
		},
	};
	await tellMistakes(
		watched,
		(_, event, fields) => void events.push({ event, ...fields }),
		AbortSignal.timeout(10_000),
	);
	list = () => Promise.reject(away);
	onChange();
	await new Promise(setImmediate);
	assert.deepEqual(events, [{ event: 'definitions cannot be read', why: away.message, remedy: away.remedy }]);
});

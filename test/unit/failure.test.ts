import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf } from '../../src/failure.ts';

test('a host that takes too long is told as that, and only what nobody foresaw is a defect', async () => {
	const late = await sleep(10_000, undefined, { signal: AbortSignal.timeout(1) }).catch(({ cause }: Error) => cause);
	const { code, message, remedy } = failureOf(late);
	assert.deepEqual([code, message], ['resources', 'Cannot continue: this host took too long']);
	assert.match(remedy, /less busy/);
	assert.equal(failureOf(new Error('odd')).code, 'internal');
});

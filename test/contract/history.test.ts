// What every history does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HistoryEvent } from '../../src/control/history.ts';
import { createMemoryHistory } from '../support/memory-history.ts';

const event = (version: number): HistoryEvent => ({
	...{ at: `2026-11-30T08:00:0${version}.000Z`, by: 'alice', operation: 'UpdateMesh' },
	...{ resource: 'arn:aws:appmesh:local:000000000000:mesh/m', version },
	...{ before: { spec: { version: version - 1 } }, after: version === 3 ? undefined : { spec: { version } } },
});

describe('a history', () => {
	test('has the newest change first, and as many as are asked for', async () => {
		const history = createMemoryHistory();
		assert.deepEqual(await history.latest(10), []);
		for (const version of [1, 2, 3]) await history.add(event(version));
		assert.deepEqual(await history.latest(10), [event(3), event(2), event(1)]);
		assert.deepEqual(await history.latest(2), [event(3), event(2)]);
	});
});

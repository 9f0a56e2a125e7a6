import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellRefusals } from '../../../../src/control/access/tell-refusals.ts';

test('of many refusals for one reason the log has one in a minute, with how many there were', () => {
	const told: unknown[] = [];
	let nowMs = 0;
	const tell = tellRefusals((_level, _event, fields) => void told.push(fields), { nowMs: () => nowMs });
	for (let count = 0; count < 3; count += 1) tell({ reason: 'unsigned', detail: 'x' });
	tell({ reason: 'replayed', detail: 'y' });
	nowMs = 60_000;
	tell({ reason: 'unsigned', detail: 'x' });
	assert.deepEqual(told, [
		{ reason: 'unsigned', detail: 'x' },
		{ reason: 'replayed', detail: 'y' },
		{ reason: 'unsigned', detail: 'x', untold: 2 },
	]);
});

// The first moments of `scripts/soak`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from '../../soak/soak.ts';
import { isFull } from '../../support/rounds.ts';

test('settings change every second, others undo rules, clients never pause: nothing fails or goes past Envoy but in the moment of a fault', async (context) => {
	const { calm, faults, files } = await soak(isFull ? 60 : 8, (text) => context.diagnostic(text));
	assert.deepEqual({ past: calm.bypassed, failed: calm.failed }, { past: 0, failed: 0 });
	assert.ok(calm.captured > 0);
	assert.ok(faults.length > 0 && faults.every(({ captured }) => captured > 0));
	assert.ok(Math.min(...files.slice(-2)) <= Math.max(...files.slice(0, 2)), files.join());
});

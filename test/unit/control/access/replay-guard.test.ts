import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReplayGuard, SKEW_MS } from '../../../../src/control/access/replay-guard.ts';

const use = { keyId: 'alice', signature: 's', signedMs: 0, nowMs: 0, isRead: false };

test('a signature of a change is good for one use, as long as it holds', () => {
	const mayUse = createReplayGuard();
	assert.equal(mayUse(use), true);
	assert.equal(mayUse(use), false);
	assert.equal(mayUse({ ...use, nowMs: SKEW_MS }), false);
	assert.equal(mayUse({ ...use, signature: 'other' }), true);
	assert.equal(mayUse({ ...use, keyId: 'bob' }), true);
});

test('the same read may come again within two seconds, as from two programs that ask in the same second', () => {
	const mayUse = createReplayGuard();
	const read = { ...use, isRead: true };
	assert.equal(mayUse(read), true);
	assert.equal(mayUse({ ...read, nowMs: 2_000 }), true);
	assert.equal(mayUse({ ...read, nowMs: 2_001 }), false);
});

test('its memory is bounded: what it has forgotten it refuses, and only for the key that asked so much', () => {
	const mayUse = createReplayGuard(3);
	for (const second of [1, 2, 3]) assert.equal(mayUse({ ...use, signedMs: second * 1_000 }), true);
	assert.equal(mayUse({ ...use, signedMs: 4_000 }), true);
	assert.equal(mayUse({ ...use, signedMs: 1_000 }), false, 'it has been used, and is forgotten');
	assert.equal(mayUse({ ...use, signedMs: 1_000, signature: 'other' }), false, 'nobody knows whether it has been used');
	assert.equal(mayUse({ ...use, signedMs: 2_000 }), false);
	assert.equal(mayUse({ ...use, signedMs: 5_000 }), true);
	assert.equal(mayUse({ ...use, signedMs: 2_000, signature: 'other' }), false, 'this time is forgotten too');
	assert.equal(mayUse({ ...use, signedMs: 3_000, signature: 'other' }), true);
	assert.equal(mayUse({ ...use, signedMs: 1_000, keyId: 'bob' }), true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choiceOf } from '../../../src/daemon/move-backend.ts';

test('a reload keeps the backend that there is, unless another one, or a new choice, is asked for', () => {
	const before = { name: 'nft', why: 'nft rules are here' } as const;
	assert.equal(choiceOf(before, undefined), before);
	assert.equal(choiceOf(before, 'auto'), 'anew');
	assert.deepEqual(choiceOf(before, 'iptables-nft'), {
		name: 'iptables-nft',
		why: '`turnout reload --backend` chose it',
	});
});

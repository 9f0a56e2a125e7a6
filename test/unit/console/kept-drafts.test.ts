import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeptDrafts } from '../../../src/console/kept-drafts.ts';

test('what is written stays for who has written it, and is gone for the next user', () => {
	let cleared = 0;
	const clear = () => {
		cleared += 1;
	};
	const kept = createKeptDrafts({ clear });
	kept.claim(undefined);
	kept.claim('alice');
	kept.drafts.set('#/new', { text: 'egressFilter: {}', syntax: 'YAML', base: undefined });
	kept.claim(undefined);
	kept.claim('alice');
	assert.equal(kept.drafts.size, 1);
	kept.claim('bob');
	assert.deepEqual([kept.drafts.size, cleared], [0, 1]);
	kept.drafts.set('#/new', { text: 'x', syntax: 'YAML', base: undefined });
	kept.forget();
	assert.deepEqual([kept.drafts.size, cleared], [0, 2]);
});

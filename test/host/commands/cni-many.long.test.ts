// As many tasks at once as an instance may have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNamespace } from '../../lab/net/namespace.ts';
import { assertDone, startPlugin } from '../../support/cni.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { ownRules } from '../../support/own-rules.ts';

test('ADD and then DEL of fifty tasks at the same moment, each about a network of its own', async () => {
	using stack = new DisposableStack();
	const from = stack.use(createNamespace('runtime'));
	const tasks = Array.from({ length: 50 }, (_, at) => stack.use(createNamespace(`task${at}`)));
	const all = async (command: 'ADD' | 'DEL', result?: object) => {
		const calls = tasks.map(({ path }) => outcomeOf(startPlugin({ from, network: path }, command)));
		for (const outcome of await Promise.all(calls)) assertDone(outcome, result);
		return tasks.map((task) => /APPMESH_EGRESS/.test(ownRules(task, 'iptables-nft')));
	};
	assert.ok((await all('ADD', { cniVersion: '1.0.0' })).every((isThere) => isThere));
	assert.ok((await all('DEL')).every((isThere) => !isThere));
	assert.equal(ownRules(from, 'iptables-nft'), '');
});

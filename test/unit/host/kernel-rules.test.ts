import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainRef, createRuleReader, type RuleSource } from '../../../src/host/iptables/kernel-rules.ts';
import type { RuleFingerprint } from '../../../src/host/nft/nft-rules.ts';

const own: ChainRef = { table: 'nat', chain: 'APPMESH_EGRESS', isOwn: true };
const parent: ChainRef = { table: 'nat', chain: 'OUTPUT', isOwn: false };
const absent: ChainRef = { table: 'nat', chain: 'APPMESH_BRIDGE', isOwn: true };
const rule = (handle: number, packets = 0): RuleFingerprint => ({
	...{ fingerprint: `rule ${handle}`, handle, counters: `[${packets}:0]` },
});

function createSource() {
	const kernel = {
		generation: 1 as number | undefined,
		chains: new Map([
			[own.chain, [rule(1)]],
			[parent.chain, [rule(2)]],
		]),
		failing: '',
	};
	const asked: string[] = [];
	const source: RuleSource = {
		generation: async () => kernel.generation,
		async rules({ chain }, former) {
			asked.push(`${chain} ${former.map(({ handle }) => handle).join()}`.trim());
			if (kernel.failing === chain) throw new Error('the list changed while being read');
			return kernel.chains.get(chain);
		},
		close: () => void asked.push('closed'),
	};
	const read = createRuleReader([own, absent, parent], source);
	return { kernel, read, asked: () => asked.splice(0) };
}

test('chains that exist are read with their rules', async () => {
	const { read } = createSource();
	assert.deepEqual(await read(), [
		{ ...own, rules: [rule(1)] },
		{ ...parent, rules: [rule(2)] },
	]);
});

test('while nothing is committed only our chains are read again, for their counters', async () => {
	const { kernel, read, asked } = createSource();
	await read();
	assert.deepEqual(asked(), ['APPMESH_EGRESS', 'APPMESH_BRIDGE', 'OUTPUT']);
	kernel.chains.set(own.chain, [rule(1, 7)]);
	assert.deepEqual(await read(), [
		{ ...own, rules: [rule(1, 7)] },
		{ ...parent, rules: [rule(2)] },
	]);
	assert.deepEqual(asked(), ['APPMESH_EGRESS 1']);
});

test('a commit makes it read all of them, those that are new included', async () => {
	const { kernel, read } = createSource();
	await read();
	kernel.generation = 2;
	kernel.chains.set(absent.chain, []).set(parent.chain, [rule(3), rule(2)]);
	assert.deepEqual(await read(), [
		{ ...own, rules: [rule(1)] },
		{ ...absent, rules: [] },
		{ ...parent, rules: [rule(3), rule(2)] },
	]);
});

test('where the kernel tells no generation all are read each time', async () => {
	const { kernel, read, asked } = createSource();
	kernel.generation = undefined;
	await read();
	asked();
	await read();
	assert.deepEqual(asked(), ['APPMESH_EGRESS 1', 'APPMESH_EGRESS 1', 'APPMESH_BRIDGE', 'OUTPUT 2']);
});

test('rules that change while they are read are not known, and the next time all are read anew', async () => {
	const { kernel, read, asked } = createSource();
	await read();
	kernel.generation = 2;
	kernel.failing = parent.chain;
	assert.equal(await read(), undefined);
	assert.equal(asked().at(-1), 'closed');
	kernel.failing = '';
	assert.equal((await read())?.length, 2);
	assert.deepEqual(asked(), ['APPMESH_EGRESS', 'APPMESH_BRIDGE', 'OUTPUT']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { savedReaderOf } from '../../../src/host/iptables/foreign-texts.ts';
import { readOnce } from '../../../src/host/iptables/read-once.ts';
import { createMemoryIptables, type MemoryOptions } from '../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const rule = '*nat\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n';

function createOnce(dialect: MemoryOptions['dialect'] = 'iptables-nft') {
	const reads: string[] = [];
	const kernel = { generation: 1 as number | undefined, isBroken: false };
	const memory = createMemoryIptables({
		dialect,
		onRead(family) {
			reads.push(family);
			if (kernel.isBroken) throw new Error('broken');
		},
		afterCommit() {
			kernel.generation = (kernel.generation ?? 0) + 1;
		},
	});
	const once = readOnce(memory, signal, async () => kernel.generation);
	return { reads, kernel, memory, once };
}

for (const dialect of ['iptables-nft', 'iptables-legacy'] as const) {
	test(`${dialect}: both families are read as soon as the command starts, and what was read is taken again`, async () => {
		const { reads, once } = createOnce(dialect);
		await Promise.all([once.read('ipv4', signal), once.read('ipv6', signal)]);
		await once.read('ipv6', signal);
		assert.deepEqual(reads, ['ipv4', 'ipv6']);
	});

	test(`${dialect}: after a commit of its own it is read anew`, async () => {
		const { reads, once } = createOnce(dialect);
		await once.read('ipv4', signal);
		await once.commit('ipv4', rule, signal);
		assert.match(await once.read('ipv4', signal), /-p udp -j ACCEPT/);
		assert.deepEqual(reads, ['ipv4', 'ipv6', 'ipv4']);
	});

	test(`${dialect}: a read that failed is done again`, async () => {
		const { kernel, once } = createOnce(dialect);
		kernel.isBroken = true;
		await assert.rejects(once.read('ipv4', signal), /broken/);
		kernel.isBroken = false;
		assert.match(await once.read('ipv4', signal), /\*|^$/);
	});
}

test('after a commit of somebody else it is read anew, where the kernel tells', async () => {
	const { kernel, memory, once } = createOnce();
	await once.read('ipv4', signal);
	memory.edit('ipv4', rule);
	kernel.generation = 2;
	assert.match(await once.read('ipv4', signal), /-p udp -j ACCEPT/);
});

test('where the kernel does not tell, each read asks iptables', async () => {
	const { reads, kernel, once } = createOnce();
	kernel.generation = undefined;
	for (const _ of ['once', 'twice']) await once.read('ipv4', signal);
	assert.deepEqual(reads.filter((family) => family === 'ipv4').length, 3);
});

test("others' rules are those that were read, unless iptables-save left out a table", async () => {
	const { once } = createOnce();
	const otherwise = async () => 'what iptables-save prints';
	assert.equal(await savedReaderOf([once], otherwise)('iptables-nft', 'ipv4', signal), await once.read('ipv4', signal));
	const byChain = { ...once, read: async () => '# chain by chain\n*nat\n' };
	assert.equal(await savedReaderOf([byChain], otherwise)('iptables-nft', 'ipv4', signal), await otherwise());
	assert.equal(await savedReaderOf([once], otherwise)('iptables-legacy', 'ipv4', signal), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpSet } from '../../src/firewall/iptables/ip-set.ts';
import type { IptablesProgram } from '../../src/firewall/iptables/iptables-program.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryIptables } from '../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);

const networks: IpSet = {
	...{ name: 'turnout-ipv4-000000000001', kind: 'ipv4' },
	entries: ['0.0.0.0/1', '10.0.0.0/8', '10.1.2.3/32', '128.0.0.0/1', '203.0.113.0/25'],
};
const farNetworks: IpSet = {
	...{ name: 'turnout-ipv6-000000000001', kind: 'ipv6' },
	entries: ['2001:db8::/32', '64:ff9b::/96', '::/1', 'fd00:ec2::254/128'],
};
const ports: IpSet = {
	...{ name: 'turnout-ports-000000000001', kind: 'ports' },
	entries: ['1', '80-90', '443', '65535'],
};
const many: IpSet = {
	...{ name: 'turnout-ipv4-000000000002', kind: 'ipv4' },
	entries: Array.from({ length: 5_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`).toSorted(),
};

const using = (verb: '-A' | '-D', { name }: IpSet): string =>
	`*nat\n${verb} OUTPUT -p tcp -m set --match-set ${name} dst -j RETURN\nCOMMIT\n`;

const inOrder = (sets: readonly IpSet[]): IpSet[] => sets.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Each begins without any set. */
const contract: Readonly<Record<string, (program: IptablesProgram) => Promise<void>>> = {
	async 'at first there are none'({ sets }) {
		assert.deepEqual(await sets.read(), []);
	},

	async 'what was put is read back, of each kind, and thousands of entries too'({ sets }) {
		for (const set of [networks, farNetworks, ports, many]) await sets.put(set, false);
		const read = await sets.read();
		assert.deepEqual(
			inOrder(read),
			inOrder([networks, farNetworks, ports, many]).map((set) => ({ ...set, isUsed: false })),
		);
	},

	async 'other entries take the place of those that are there'({ sets }) {
		await sets.put(many, false);
		await sets.read();
		await sets.put({ ...many, entries: ['192.0.2.0/24'] }, true);
		assert.deepEqual(await sets.read(), [{ ...many, entries: ['192.0.2.0/24'], isUsed: false }]);
	},

	async 'a set that a rule uses takes other entries, and is not removed until the rule is gone'(program) {
		const { sets } = program;
		await sets.put(networks, false);
		await program.commit('ipv4', using('-A', networks), signal);
		assert.deepEqual(await sets.read(), [{ ...networks, isUsed: true }]);
		await sets.put({ ...networks, entries: ['192.0.2.0/24'] }, true);
		await sets.remove(networks.name);
		assert.deepEqual(await sets.read(), [{ ...networks, entries: ['192.0.2.0/24'], isUsed: true }]);
		await program.commit('ipv4', using('-D', networks), signal);
		await sets.remove(networks.name);
		assert.deepEqual(await sets.read(), []);
	},

	async 'a rule cannot use a set that is not there'(program) {
		await assert.rejects(program.commit('ipv4', using('-A', networks), signal));
		await program.sets.remove(networks.name);
	},
};

const empty = async ({ sets }: IptablesProgram): Promise<void> => {
	for (const { name } of await sets.read()) await sets.remove(name);
};

for (const [title, hold] of Object.entries(contract))
	test(`sets in memory: ${title}`, () => hold(createMemoryIptables()));

test('the sets of a real kernel', async (context) => {
	using namespace = createNamespace('contract');
	using far = openFarHost(namespace);
	for (const dialect of ['iptables-nft', 'iptables-legacy'] as const)
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(`${dialect}: ${title}`, () => hold(far.program(dialect)));
			await empty(far.program(dialect));
		}
});

test('the sets of one network namespace are not those of another', async () => {
	using one = createNamespace('contract-one');
	using other = createNamespace('contract-other');
	using far = openFarHost(one);
	using elsewhere = openFarHost(other);
	await far.sets.put(networks, false);
	assert.deepEqual(await elsewhere.sets.read(), []);
	assert.equal((await far.sets.read()).length, 1);
});

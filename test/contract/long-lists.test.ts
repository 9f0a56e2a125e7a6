import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firewall, IptablesDialect, RulesByFamily } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import type { SetProgram } from '../../src/firewall/iptables/iptables-program.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily } from '../../src/values/units.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { captureOf } from '../support/capture.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryFirewall } from '../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const noDifference = { ipv4: [], ipv6: [] };

const addresses = (of: number): string =>
	[...Array.from({ length: of }, (_, at) => `10.${at >> 8}.${at & 255}.0/24,fd00:${at + 1}::/32`)].join(',');
const ports = Array.from({ length: 1_000 }, (_, at) => 10_000 + 2 * at).join(',');
const rulesOf = (of: number, hasSets = true): RulesByFamily => {
	const capture = captureOf({ appPorts: ports, egressIgnoredIps: addresses(of), bridges: 'docker0' });
	return byFamily((family) => buildRuleset({ ...capture, hasSets }, family));
};

const rules = rulesOf(500);
const others = rulesOf(501);
const linear = rulesOf(500, false);

interface Host {
	readonly firewall: Firewall;
	readonly sets: SetProgram;
}

const namesIn = async ({ sets }: Host): Promise<string[]> => (await sets.read()).map(({ name }) => name).toSorted();

const contract: Readonly<Record<string, (host: Host) => Promise<void>>> = {
	async 'a list of any length is one rule, and reads back as it was applied'({ firewall, sets }) {
		const { ruleCount } = await firewall.apply(rulesOf(2), signal);
		const applied = await firewall.apply(rules, signal);
		assert.deepEqual(applied.diff(rules), noDifference);
		assert.ok(applied.ruleCount < ruleCount, `${applied.ruleCount} rules, and ${ruleCount} with a short list`);
		const lengths = (await sets.read()).map(({ kind, entries }) => `${kind} ${entries.length}`);
		assert.deepEqual(lengths.toSorted(), ['ipv4 500', 'ipv6 501', 'ports 1000']);
		assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
	},

	async 'another list takes the place of the first, whose sets go with their rules'(host) {
		await host.firewall.apply(rules, signal);
		const before = await namesIn(host);
		const applied = await host.firewall.apply(others, signal);
		assert.deepEqual(applied.diff(others), noDifference);
		const after = await namesIn(host);
		assert.deepEqual([after.length, after.filter((name) => before.includes(name)).length], [3, 1]);
		// To and fro: the kernel gives a new set the number of one that is gone.
		await host.firewall.apply(rules, signal);
		assert.deepEqual(await namesIn(host), before);
	},

	async 'from rules one by one to sets and back'(host) {
		await host.firewall.apply(linear, signal);
		assert.deepEqual((await host.firewall.apply(rules, signal)).diff(rules), noDifference);
		assert.deepEqual((await host.firewall.apply(linear, signal)).diff(linear), noDifference);
		assert.deepEqual(await namesIn(host), []);
	},

	async 'a set that somebody has emptied or added to is told, and gets its entries back'({ firewall, sets }) {
		await firewall.apply(rules, signal);
		for (const [at, entries] of [[], ['192.0.2.0/24']].entries()) {
			const [set] = (await sets.read()).filter(({ kind }) => kind === 'ipv4');
			assert.ok(set);
			await sets.put({ ...set, entries: at === 0 ? entries : [...set.entries, ...entries].toSorted() }, true);
			const { ipv4, ipv6 } = (await firewall.read(signal)).diff(rules);
			assert.deepEqual([ipv4.map(({ kind, table }) => `${kind} ${table}`), ipv6], [['missing ipset'], []]);
			const repaired = await firewall.apply(rules, signal, { skipCheck: true });
			assert.deepEqual(repaired.diff(rules), noDifference);
			assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
		}
	},

	async 'a set that a killed process left is told, and goes with the next change, also if that is a removal'(host) {
		const left = { name: 'turnout-ipv4-00000000dead', kind: 'ipv4', entries: ['192.0.2.1/32'] } as const;
		await host.sets.put(left, false);
		const installed = await host.firewall.read(signal);
		assert.equal(installed.isEmpty, false);
		assert.equal(installed.leftovers({ keepConntrack: false }).ipv4[0]?.kind, 'surplus');
		assert.equal((await host.firewall.remove({ keepConntrack: false }, signal)).isEmpty, true);
		assert.deepEqual(await namesIn(host), []);
		await host.sets.put(left, false);
		await host.firewall.apply(rules, signal);
		assert.ok(!(await namesIn(host)).includes(left.name));
	},

	async 'a removal takes the sets too, at once or when open connections are over'(host) {
		for (const keepConntrack of [false, true]) {
			await host.firewall.apply(rules, signal);
			await host.firewall.remove({ keepConntrack }, signal);
			assert.deepEqual(await namesIn(host), []);
		}
	},

	async 'a checkpoint brings back the sets of then'(host) {
		await host.firewall.apply(rules, signal);
		const then = await host.firewall.takeCheckpoint(signal);
		await host.firewall.apply(others, signal);
		await host.firewall.restore(JSON.parse(JSON.stringify(then)), signal);
		assert.deepEqual((await host.firewall.read(signal)).diff(rules), noDifference);
		assert.equal((await namesIn(host)).length, 3);
	},
};

const dialects: readonly IptablesDialect[] = ['iptables-nft', 'iptables-legacy'];

for (const dialect of dialects)
	for (const [title, hold] of Object.entries(contract))
		test(`long lists in memory, ${dialect}: ${title}`, () => {
			const firewall = createMemoryFirewall({ dialect });
			return hold({ firewall, sets: firewall.program.sets });
		});

for (const dialect of dialects)
	test(`long lists in a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(namespace);
		const firewall = createIptablesFirewall(far.program(dialect));
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(title, () => hold({ firewall, sets: far.sets }));
			await firewall.remove({ keepConntrack: false }, signal);
		}
	});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firewall, RulesByFamily } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import { createNftFirewall } from '../../src/firewall/nft/nft-firewall.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily } from '../../src/values/units.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { captureOf } from '../support/capture.ts';
import { type FarHost, openFarHost } from '../support/far.ts';
import { type HostLists, ipsetLists, nftLists } from '../support/host-lists.ts';
import { createMemoryFirewall } from '../support/memory-firewall.ts';
import { createMemoryNftFirewall } from '../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);
const noDifference = { ipv4: [], ipv6: [] };

/** No two of them are neighbours. */
const addresses = (of: number): string =>
	Array.from({ length: of }, (_, at) => `10.${at >> 8}.${at & 255}.0/25,fd00:${2 * at + 1}::/32`).join(',');
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
	readonly lists: HostLists;
}

const contract: Readonly<Record<string, (host: Host) => Promise<void>>> = {
	async 'a list of any length is one rule, and reads back as it was applied'({ firewall, lists }) {
		const { ruleCount } = await firewall.apply(rulesOf(2), signal);
		const applied = await firewall.apply(rules, signal);
		assert.deepEqual(applied.diff(rules), noDifference);
		assert.ok(applied.ruleCount < ruleCount, `${applied.ruleCount} rules, and ${ruleCount} with a short list`);
		// Of single ports nft makes a hash within the rule.
		const more = firewall.dialect === 'nft' ? [] : ['ports 1000'];
		assert.deepEqual(await lists.lengths(), ['ipv4 500', 'ipv6 501', ...more]);
		assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
	},

	async 'another list takes the place of the first, whose sets go with their rules'({ firewall, lists }) {
		await firewall.apply(rules, signal);
		const before = await lists.names();
		const applied = await firewall.apply(others, signal);
		assert.deepEqual(applied.diff(others), noDifference);
		const after = await lists.names();
		const kept = after.filter((name) => before.includes(name));
		assert.deepEqual([after.length, kept.length], firewall.dialect === 'nft' ? [2, 0] : [3, 1]);
		// To and fro: the kernel gives a new set the number of one that is gone.
		await firewall.apply(rules, signal);
		assert.deepEqual(await lists.names(), before);
	},

	async 'from rules one by one to sets and back'({ firewall, lists }) {
		await firewall.apply(linear, signal);
		assert.deepEqual((await firewall.apply(rules, signal)).diff(rules), noDifference);
		assert.deepEqual((await firewall.apply(linear, signal)).diff(linear), noDifference);
		assert.deepEqual(await lists.names(), []);
	},

	async 'a set that somebody has emptied or added to is told, and gets its entries back'({ firewall, lists }) {
		await firewall.apply(rules, signal);
		const whole = await lists.lengths();
		for (const change of [lists.empty, lists.extend]) {
			await change();
			const { ipv4, ipv6 } = (await firewall.read(signal)).diff(rules);
			assert.deepEqual([ipv4[0]?.kind, ipv6], ['missing', []]);
			const repaired = await firewall.apply(rules, signal, { skipCheck: true });
			assert.deepEqual(repaired.diff(rules), noDifference);
			assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
			assert.deepEqual(await lists.lengths(), whole);
		}
	},

	async 'a set that a killed process left is told, and goes with the next change, also if that is a removal'({
		firewall,
		lists,
	}) {
		await lists.leave();
		const installed = await firewall.read(signal);
		assert.equal(installed.isEmpty, false);
		assert.equal(installed.leftovers({ keepConntrack: false }).ipv4[0]?.kind, 'surplus');
		assert.equal((await firewall.remove({ keepConntrack: false }, signal)).isEmpty, true);
		assert.deepEqual(await lists.names(), []);
		const left = await lists.leave();
		await firewall.apply(rules, signal);
		assert.ok(!(await lists.names()).includes(left));
		await lists.leave();
		assert.equal((await firewall.read(signal)).diff(rules).ipv4[0]?.kind, 'surplus');
		await firewall.apply(rules, signal);
		assert.ok(!(await lists.names()).includes(left));
	},

	async 'a removal takes the sets too, at once or when open connections are over'({ firewall, lists }) {
		for (const keepConntrack of [false, true]) {
			await firewall.apply(rules, signal);
			await firewall.remove({ keepConntrack }, signal);
			assert.deepEqual(await lists.names(), []);
		}
	},

	async 'a checkpoint brings back the sets of then'({ firewall, lists }) {
		await firewall.apply(rules, signal);
		const names = await lists.names();
		const then = await firewall.takeCheckpoint(signal);
		await firewall.apply(others, signal);
		await firewall.restore(JSON.parse(JSON.stringify(then)), signal);
		assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
		assert.deepEqual(await lists.names(), names);
	},
};

for (const dialect of ['iptables-nft', 'iptables-legacy'] as const)
	for (const [title, hold] of Object.entries(contract))
		test(`long lists in memory, ${dialect}: ${title}`, () => {
			const firewall = createMemoryFirewall({ dialect });
			return hold({ firewall, lists: ipsetLists(firewall.program.sets) });
		});

for (const [title, hold] of Object.entries(contract))
	test(`long lists in memory, nft: ${title}`, () => {
		const firewall = createMemoryNftFirewall();
		return hold({ firewall, lists: nftLists(firewall.program) });
	});

const real: Readonly<Record<string, (far: FarHost) => Host>> = {
	'iptables-nft': (far) => ofIptables(far, 'iptables-nft'),
	'iptables-legacy': (far) => ofIptables(far, 'iptables-legacy'),
	nft: (far) => ({ firewall: createNftFirewall(far.nft), lists: nftLists(far.nft) }),
};

const ofIptables = (far: FarHost, dialect: 'iptables-nft' | 'iptables-legacy'): Host => ({
	firewall: createIptablesFirewall(far.program(dialect)),
	lists: ipsetLists(far.sets),
});

for (const [dialect, open] of Object.entries(real))
	test(`long lists in a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(namespace);
		const host = open(far);
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(title, () => hold(host));
			await host.firewall.remove({ keepConntrack: false }, signal);
		}
	});

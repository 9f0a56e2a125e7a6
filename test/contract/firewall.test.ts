import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firewall, IptablesDialect, RulesByFamily } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import { createNftFirewall } from '../../src/firewall/nft/nft-firewall.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily, families } from '../../src/values/units.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { captureOf } from '../support/capture.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryFirewall } from '../support/memory-firewall.ts';
import { createMemoryNftFirewall } from '../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);
const rulesOf = (texts: Readonly<Record<string, string>>, stage: 'syn' | 'all' = 'all'): RulesByFamily =>
	byFamily((family) => buildRuleset(captureOf(texts), family, stage));

const rules = rulesOf({ appPorts: '8080' });
const others = rulesOf({ appPorts: '9090', egressPort: '16001' });
const opening = rulesOf({ appPorts: '8080' }, 'syn');
const none: RulesByFamily = { ipv4: [], ipv6: [] };
const noDifference = { ipv4: [], ipv6: [] };

/** What reconcile and the daemon rely on, whatever the implementation. Each begins with a host that nobody has used. */
const contract: Readonly<Record<string, (firewall: Firewall) => Promise<void>>> = {
	async 'a host that nobody has used has nothing of ours'(firewall) {
		const installed = await firewall.read(signal);
		assert.deepEqual([installed.isEmpty, installed.isClean, installed.ruleCount], [true, byFamily(() => true), 0]);
		assert.deepEqual(installed.diff(none), noDifference);
	},

	async 'what was applied is there, and a second time changes nothing'(firewall) {
		const applied = await firewall.apply(rules, signal);
		const read = await firewall.read(signal);
		for (const installed of [applied, read, await firewall.apply(rules, signal, { last: applied })]) {
			assert.deepEqual(installed.diff(rules), noDifference);
			assert.deepEqual([installed.isEmpty, installed.isClean], [false, byFamily(() => false)]);
			assert.ok(installed.ruleCount > 10);
		}
	},

	async 'other rules take the place of those that are there, also of those read last'(firewall) {
		const last = await firewall.apply(rules, signal);
		await firewall.apply(none, signal);
		const installed = await firewall.apply(others, signal, { last });
		assert.deepEqual(installed.diff(others), noDifference);
		const differences = installed.diff(rules);
		for (const family of families) assert.ok(differences[family].some(({ kind }) => kind === 'missing'));
	},

	async 'what is desired may depend on what is found'(firewall) {
		await firewall.apply(rules, signal);
		const installed = await firewall.apply((found) => (found.isEmpty ? none : others), signal);
		assert.deepEqual(installed.diff(others), noDifference);
	},

	async 'whole capture is told from capture of what opens a connection'(firewall) {
		assert.equal((await firewall.apply(opening, signal)).capturesWhole(rules), false);
		assert.equal((await firewall.apply(rules, signal)).capturesWhole(rules), true);
	},

	async 'of two changes in a row the first is not read back, and the second starts from it'(firewall) {
		const last = await firewall.apply(opening, signal, { isInterim: true });
		assert.deepEqual(last.diff(opening), noDifference);
		assert.equal(last.capturesWhole(rules), false);
		const installed = await firewall.apply(rules, signal, { last });
		assert.deepEqual(installed.diff(rules), noDifference);
		assert.deepEqual((await firewall.read(signal)).diff(rules), noDifference);
	},

	async 'a removal takes all of it, and keeps what open connections need where that is asked'(firewall) {
		await firewall.apply(rules, signal);
		const kept = await firewall.remove({ keepConntrack: true }, signal);
		assert.deepEqual([kept.isEmpty, kept.isClean], [false, byFamily(() => true)]);
		assert.ok(families.every((family) => kept.leftovers({ keepConntrack: false })[family].length > 0));
		assert.deepEqual(kept.leftovers({ keepConntrack: true }), noDifference);
		assert.equal((await firewall.remove({ keepConntrack: false }, signal)).isEmpty, true);
		assert.equal((await firewall.read(signal)).isEmpty, true);
	},

	async 'a checkpoint brings back the rules of then'(firewall) {
		const before = await firewall.takeCheckpoint(signal);
		assert.deepEqual(before, { ipv4: '', ipv6: '' });
		await firewall.apply(rules, signal);
		const then = await firewall.takeCheckpoint(signal);
		await firewall.apply(others, signal);
		// It was on disk meanwhile.
		const restored = await firewall.restore(JSON.parse(JSON.stringify(then)), signal);
		assert.deepEqual(restored.diff(rules), noDifference);
		assert.deepEqual(
			(await firewall.restore(before, signal)).isClean,
			byFamily(() => true),
		);
	},

	async 'one family can be read again'(firewall) {
		const last = await firewall.read(signal);
		await firewall.apply(rules, signal);
		const installed = await firewall.reread(last, ['ipv4'], signal);
		assert.equal(installed.isClean.ipv4, false);
	},

	async 'nothing of ours is taken for a chain of somebody else with a name like ours'(firewall) {
		await firewall.apply(rules, signal);
		await firewall.remove({ keepConntrack: false }, signal);
		assert.deepEqual(await firewall.namesakes(signal), []);
	},
};

const dialects: readonly IptablesDialect[] = ['iptables-nft', 'iptables-legacy'];

for (const dialect of dialects)
	for (const [title, hold] of Object.entries(contract))
		test(`a firewall in memory, ${dialect}: ${title}`, () => hold(createMemoryFirewall({ dialect })));

for (const [title, hold] of Object.entries(contract))
	test(`a firewall in memory, nft: ${title}`, () => hold(createMemoryNftFirewall()));

for (const dialect of dialects)
	test(`the firewall of a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(namespace);
		const firewall = createIptablesFirewall(far.program(dialect));
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(title, () => hold(firewall));
			await firewall.remove({ keepConntrack: false }, signal);
		}
	});

test('the firewall of a real kernel, nft', async (context) => {
	using namespace = createNamespace('contract');
	using far = openFarHost(namespace);
	const firewall = createNftFirewall(far.nft);
	for (const [title, hold] of Object.entries(contract)) {
		await context.test(title, () => hold(firewall));
		await firewall.remove({ keepConntrack: false }, signal);
	}
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RulesByFamily } from '../../../../src/firewall/firewall.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryFirewall, type MemoryFirewall } from '../../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const rules: RulesByFamily = byFamily((family) => buildRuleset(captureOf({ appPorts: '8080' }), family));
const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;

/** Somebody deletes all rules of the chains that lead to ours. */
function unhook(firewall: MemoryFirewall): void {
	for (const family of ['ipv4', 'ipv6'] as const)
		for (const table of ['mangle', 'nat']) firewall.edit(family, document(table, '-F PREROUTING', '-F OUTPUT'));
}

test('the number of rules is that of all rules in our chains, of both families', async () => {
	const firewall = createMemoryFirewall();
	const { ruleCount } = await firewall.apply(rules, signal);
	assert.equal(ruleCount, firewall.text().match(/ -A APPMESH_/g)?.length);
});

test('chains of ours that nothing leads to any more are not clean: they are still to be removed', async () => {
	const firewall = createMemoryFirewall();
	await firewall.apply(rules, signal);
	unhook(firewall);
	assert.deepEqual((await firewall.read(signal)).isClean, { ipv4: false, ipv6: false });
});

test('a host that was captured while open connections go on is clean, and has no rule that captures', async () => {
	const firewall = createMemoryFirewall();
	await firewall.apply(rules, signal);
	const kept = await firewall.remove({ keepConntrack: true }, signal);
	assert.deepEqual(kept.isClean, { ipv4: true, ipv6: true });
	assert.doesNotMatch(firewall.text(), /REDIRECT/);
});

test("mangle's chains that iptables made for our rules are gone with them, those that were there before stay", async () => {
	const firewall = createMemoryFirewall();
	firewall.edit('ipv6', document('mangle', '-A OUTPUT -p udp -j ACCEPT', '-D OUTPUT -p udp -j ACCEPT'));
	await firewall.apply(rules, signal);
	await firewall.remove({ keepConntrack: false }, signal);
	const { program } = firewall;
	assert.equal(await program.hasMangleChain('ipv4', 'PREROUTING'), false);
	assert.equal(await program.hasMangleChain('ipv4', 'OUTPUT'), false);
	assert.equal(await program.hasMangleChain('ipv6', 'PREROUTING'), false);
	assert.equal(await program.hasMangleChain('ipv6', 'OUTPUT'), true);
});

// What others do to the rules, on each backend.
import { after, before, describe } from 'node:test';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { backends } from '../../support/dialects.ts';
import { createFaultHost, type Fault, type FaultHost, testFaults } from '../../support/faults.ts';

const faults: readonly Fault[] = [
	{ what: 'one rule is deleted', script: 'iptables -w -t nat -D APPMESH_EGRESS 1' },
	{ what: 'a chain of ours is flushed', script: 'ip6tables -w -t nat -F APPMESH_INGRESS' },
	{ what: 'iptables -F, which flushes the table filter', script: 'iptables -w -F', isHarmless: true },
	{ what: 'iptables -t nat -F', script: 'iptables -w -t nat -F; ip6tables -w -t nat -F' },
	{
		what: "iptables-restore of somebody's file, without --noflush",
		script: `printf '*nat\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n*mangle\nCOMMIT\n' | iptables_restore -w`,
	},
	{
		what: 'our hook is put behind that of somebody else',
		script: `rule=$(iptables -w -t nat -S PREROUTING 1)
			printf '*nat\n-D PREROUTING 1\n-A PREROUTING -p tcp --dport 8080 -j RETURN\n%s\nCOMMIT\n' "$rule" | iptables_restore -w --noflush`,
	},
];
const flushed: Fault = { what: 'nft flush ruleset', script: 'nft flush ruleset' };

/** The handle of the first rule of a chain of ours. */
const firstOf = (chain: string): string =>
	`$(nft --handle list chain inet turnout ${chain} | sed -n 's/.*# handle //p' | sed -n 2p)`;
const chain = 'nat_egress_ipv4';

const ofTable: readonly Fault[] = [
	flushed,
	{ what: 'one rule is deleted', script: `nft delete rule inet turnout ${chain} handle ${firstOf(chain)}` },
	{ what: 'a chain of ours is flushed', script: 'nft flush chain inet turnout nat_ingress_ipv6' },
	{ what: 'all rules of our table are flushed', script: 'nft flush table inet turnout' },
	{ what: 'our table is deleted', script: 'nft delete table inet turnout' },
	{ what: 'our table is made dormant', script: `nft 'add table inet turnout { flags dormant; }'` },
	{
		what: 'a rule of somebody else is put before ours',
		script: `nft insert rule inet turnout ${chain} tcp dport 443 return`,
	},
	{
		what: 'a set is put into our table, and a rule about it before ours',
		script: `nft 'add set inet turnout theirs { type ipv4_addr; }; insert rule inet turnout ${chain} ip daddr @theirs return'`,
	},
	{
		what: 'a chain is put into our table',
		script: `nft 'add chain inet turnout theirs { type filter hook input priority 0; }'`,
	},
	{
		what: "nftables.service loads somebody's file, which begins with flush ruleset",
		script: `printf 'flush ruleset\ntable inet filter { chain input { type filter hook input priority 0; }; }\n' | nft -f -`,
	},
	{
		what: 'a chain of ours hangs at another priority',
		script: `nft --stateless list table inet turnout | sed 's/priority -101/priority 50/;1i delete table inet turnout' | nft -f -`,
	},
	{ what: 'iptables -t nat -F, which is about the rules of others', script: 'iptables -w -t nat -F', isHarmless: true },
];
const all: Readonly<Record<Dialect, readonly Fault[]>> = {
	'iptables-nft': [...faults, flushed],
	'iptables-legacy': faults,
	nft: ofTable,
};

for (const { backend } of backends)
	describe(`on ${backend}`, () => {
		const held: { place?: FaultHost } = {};
		before(async () => {
			held.place = await createFaultHost(backend);
		});
		after(() => held.place?.[Symbol.asyncDispose]());
		testFaults(() => held.place ?? fail(), all[backend]);
	});

function fail(): never {
	throw new Error('There is no place');
}

// What others do to the rules, in each dialect.
import { after, before, describe } from 'node:test';
import { backendOf, dialects } from '../../support/dialects.ts';
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
const ofNft: readonly Fault[] = [{ what: 'nft flush ruleset', script: 'nft flush ruleset' }];

for (const dialect of dialects)
	describe(`on ${backendOf(dialect)}`, () => {
		const held: { place?: FaultHost } = {};
		before(async () => {
			held.place = await createFaultHost(dialect);
		});
		after(() => held.place?.[Symbol.asyncDispose]());
		const place = (): FaultHost => held.place ?? fail();
		testFaults(place, dialect === 'nft' ? [...faults, ...ofNft] : faults);
	});

function fail(): never {
	throw new Error('There is no place');
}

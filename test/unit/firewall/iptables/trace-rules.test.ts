import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IptablesRules } from '../../../../src/firewall/iptables/iptables-rules.ts';
import { parseIptablesSave } from '../../../../src/firewall/iptables/parse-save.ts';
import { renderIptables } from '../../../../src/firewall/iptables/render-rules.ts';
import { tracedRules } from '../../../../src/firewall/iptables/trace-rules.ts';
import { createTracer, type Decision } from '../../../../src/ruleset/trace.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captures } from '../../../property/any-capture.ts';
import { checkAgreement } from '../../../property/any-connection.ts';

const told = ({ outcome, chains, rule }: Decision) => ({ outcome, chains, because: rule?.because ?? '' });

for (const [title, capture] of Object.entries(captures))
	test(`what is installed decides as the settings do, by the same rule and on the same way: ${title}`, () => {
		const listed = (rules: IptablesRules) => ({ ...rules, chains: rules.chains.toReversed() });
		checkAgreement(capture, (rules) => byFamily((of) => tracedRules(listed(renderIptables(rules[of])))), told);
	});

const inside = {
	from: '10.0.0.2',
	to: '203.0.113.10',
	port: 443,
	interface: 'eth0',
	isFromHere: true,
	isToHere: false,
};
const outwards = { ...inside, uid: 1000, gid: 1000 };

/** What becomes of the app's connection with such rules in our chain. */
function decide(...rules: readonly string[]): Decision {
	const hook =
		'-A OUTPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS';
	const lines = rules.map((rule) => `-A APPMESH_EGRESS ${rule}`);
	const saved = ['*nat', ':OUTPUT ACCEPT [0:0]', ':APPMESH_EGRESS - [0:0]', hook, ...lines, 'COMMIT'].join('\n');
	return createTracer(tracedRules(parseIptablesSave(saved)), 'ipv4')('OUTPUT', outwards);
}

const redirected = String.raw`-p tcp -m comment --comment "turnout: all else leaves through Envoy\'s" -j REDIRECT --to-ports 15001`;

test("a rule that somebody else has put into one of our chains decides, and is told by the rule's own text", () => {
	const { outcome, rule } = decide('-d 203.0.113.0/24 -p tcp -m tcp --dport 443 -j RETURN', redirected);
	assert.deepEqual([outcome, rule?.because], ['direct', '-d 203.0.113.0/24 -p tcp -m tcp --dport 443 -j RETURN']);
	const other = decide('-d 198.51.100.0/24 -j RETURN', redirected);
	assert.deepEqual([other.outcome, other.rule?.because], [15001, "all else leaves through Envoy's"]);
	assert.equal(decide('-p udp -j DROP', redirected).outcome, 15001);
	assert.equal(decide('-m conntrack --ctstate ESTABLISHED -j DROP', redirected).outcome, 15001);
	assert.equal(decide('-m conntrack --ctstate NEW,ESTABLISHED -j DROP', redirected).outcome, 'dropped');
	assert.equal(decide('-j LOG --log-prefix "seen: "', redirected).outcome, 15001);
});

test('what a rule does that is not understood is unknown, unless it does not concern the connection', () => {
	const { outcome, rule } = decide('-m time --timestart 08:00:00 -j RETURN', redirected);
	assert.deepEqual([outcome, rule?.unread], ['unknown', '--timestart']);
	assert.equal(decide('! -d 203.0.113.0/24 -j RETURN', redirected).outcome, 'unknown');
	assert.equal(decide('-j DNAT --to-destination 10.0.0.9:1', redirected).outcome, 'unknown');
	assert.equal(decide('-p tcp -m tcp --dport 80 -m time --timestart 08:00:00 -j RETURN', redirected).outcome, 15001);
	for (const [words, unread] of [
		['-m socket --transparent', '-m socket --transparent'],
		['-m physdev --physdev-is-in', '--physdev-is-in'],
		['-m mark --mark 0x1', '--mark'],
		['-p tcp -m tcp --sport 1024:65535', '--sport'],
		['-m set --match-set blocked dst', '--match-set'],
	]) {
		const other = decide(`${words} -j RETURN`, redirected);
		assert.deepEqual([other.outcome, other.rule?.unread], ['unknown', unread], words);
	}
	assert.equal(decide('-j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1', redirected).outcome, 'unknown');
	assert.equal(decide('-m connmark --mark 0x1 -m conntrack --ctdir REPLY -j RETURN', redirected).outcome, 15001);
});

test('a list is what the set holds now, whatever should be in it', () => {
	const of = (entries: readonly string[]): Decision => {
		const saved = [
			...['*nat', ':OUTPUT ACCEPT [0:0]', ':APPMESH_EGRESS - [0:0]', '-A OUTPUT -p tcp -j APPMESH_EGRESS'],
			'-A APPMESH_EGRESS -p tcp -m set --match-set turnout-ipv4-0123456789ab dst -m comment --comment "turnout: these addresses are ignored (turnout-ipv4-0123456789ab)" -j RETURN',
			...[`-A APPMESH_EGRESS ${redirected}`, 'COMMIT'],
		];
		const sets = [{ name: 'turnout-ipv4-0123456789ab', kind: 'ipv4', entries }] as const;
		const rules = { ...parseIptablesSave(saved.join('\n')), sets };
		return createTracer(tracedRules(rules), 'ipv4')('OUTPUT', outwards);
	};
	assert.equal(of(['198.51.100.0/24']).outcome, 15001);
	const { outcome, rule } = of(['198.51.100.0/24', '203.0.113.0/24']);
	assert.deepEqual([outcome, rule?.because], ['direct', 'these addresses are ignored']);
});

test('without the rule that leads to it a chain takes nothing', () => {
	const saved = [
		'*nat',
		':OUTPUT ACCEPT [0:0]',
		':APPMESH_EGRESS - [0:0]',
		`-A APPMESH_EGRESS ${redirected}`,
		'COMMIT',
	];
	const trace = createTracer(tracedRules(parseIptablesSave(saved.join('\n'))), 'ipv4');
	assert.deepEqual(told(trace('OUTPUT', outwards)), { outcome: 'direct', chains: [], because: '' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDoubled } from '../../../../src/firewall/foreign/doubled.ts';
import type { BaseChain, ForeignRules } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../../../../src/firewall/foreign/overtaking.ts';
import { interceptors } from '../../../lab/net/other-programs.ts';
import { captureOf } from '../../../support/capture.ts';

const base = (table: string, chain: string, hook: BaseChain['hook'], seen: number): BaseChain => ({
	...{ family: 'ip', table, chain, hook, type: 'nat', priority: -100, dropsRest: false, rules: 1, seen },
});
const own = [base('nat', 'PREROUTING', 'prerouting', 1), base('nat', 'OUTPUT', 'output', 1)];

function found(others: Partial<ForeignRules>, of = captureOf({ appPorts: '8080' })) {
	const rules = { chains: own, legacyNat: {}, texts: [], ...others };
	const context = { capture: of, families: ['ipv4'], dialect: 'iptables-nft' } as const;
	return findDoubled(rules, context, findOvertaking(rules, context)).map(
		({ program, way, isFirst, proxyUids }) => `${program.name} ${way} ${isFirst ? 'before' : 'after'} ${proxyUids}`,
	);
}
/** As it is printed once it is in the kernel, with the built-in chains. */
const saved = (text: string, dialect: 'iptables-nft' | 'iptables-legacy' = 'iptables-nft') => {
	const whole = text.replace(/^\*\w+\n/gm, '$&:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n');
	return { kind: 'saved', dialect, family: 'ipv4', text: whole } as const;
};

test('the redirects of each interceptor are found both ways, with the user of its proxy', () => {
	for (const [name, document] of Object.entries(interceptors))
		assert.deepEqual(found({ texts: [saved(document('v4', 5678))] }), [
			`${name} inbound after 5678`,
			`${name} outbound after 5678`,
		]);
});

test('rules in iptables-legacy whose nat came later come before ours', () => {
	const texts = [saved(interceptors.Kuma('v4', 5678), 'iptables-legacy')];
	assert.deepEqual(found({ texts, legacyNat: { ipv4: 2 } }), ['Kuma inbound before 5678', 'Kuma outbound before 5678']);
	assert.deepEqual(found({ texts, legacyNat: { ipv4: 0 } }), ['Kuma inbound after 5678', 'Kuma outbound after 5678']);
});

test('TPROXY in mangle takes inbound connections before ours', () => {
	const text = `*mangle
:ISTIO_INBOUND - [0:0]
:ISTIO_TPROXY - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A ISTIO_INBOUND -p tcp -j ISTIO_TPROXY
-A ISTIO_TPROXY ! -d 127.0.0.1/32 -p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff
COMMIT
`;
	const chains = [...own, { ...base('mangle', 'PREROUTING', 'prerouting', 1), type: 'filter', priority: -150 }];
	assert.deepEqual(found({ chains, texts: [saved(text)] }), ['Istio inbound before ']);
});

test('redirects of what we do not capture, and of whoever is no interceptor, double nothing', () => {
	const dns = `*nat
:CONSUL_DNS_REDIRECT - [0:0]
-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 53 -j CONSUL_DNS_REDIRECT
-A CONSUL_DNS_REDIRECT -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.1:8600
COMMIT
`;
	const docker = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`;
	assert.deepEqual(found({ texts: [saved(dns), saved(docker)] }), []);
});

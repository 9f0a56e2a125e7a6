import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BaseChain, ForeignRules, RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { recognise } from '../../../../src/firewall/foreign/recognise.ts';
import { dockerRules } from '../../../lab/net/docker-rules.ts';
import { administratorRules, ufwRules } from '../../../lab/net/foreign-rules.ts';
import { interceptors, iptablesOf } from '../../../lab/net/other-programs.ts';

const saved = (text: string, dialect: 'iptables-nft' | 'iptables-legacy' = 'iptables-nft'): RuleText => ({
	...{ kind: 'saved', dialect, family: 'ipv4', text },
});
const base = (table: string, chain: string, family: BaseChain['family'] = 'inet'): BaseChain => ({
	...{ family, table, chain, hook: 'prerouting', type: 'nat', priority: -100, dropsRest: false, rules: 1, seen: 1 },
});
const named = (others: Partial<ForeignRules>): string[] =>
	recognise({ chains: [], texts: [], ...others }).map(({ program, tools }) => `${program.name}: ${tools}`);

const script = (mangle: boolean): string => `*nat
:APPMESH_EGRESS - [0:0]
-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS
-A APPMESH_EGRESS -m owner --uid-owner 1337 -j RETURN
-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001
COMMIT
${mangle ? '*mangle\n:APPMESH_INGRESS - [0:0]\nCOMMIT\n' : ''}`;

const ipvs = `*nat
:KUBE-SERVICES - [0:0]
-A KUBE-SERVICES ! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
COMMIT
`;

const inIptables: readonly (readonly [name: string, text: string])[] = [
	['the 2019 script', script(true)],
	['the App Mesh CNI plugin', script(false)],
	...Object.entries(interceptors).map(([name, document]) => [name, document('v4', 1337)] as const),
	['Docker', dockerRules('v4')],
	['kube-proxy', iptablesOf['kube-proxy']],
	['kube-proxy', ipvs],
	['firewalld', iptablesOf.firewalld],
	['ufw', ufwRules('v4')],
	['ufw', ufwRules('v6')],
	['fail2ban', iptablesOf.fail2ban],
];

describe('by the chains and rules of iptables', () => {
	for (const dialect of ['iptables-nft', 'iptables-legacy'] as const)
		for (const [name, text] of inIptables)
			test(`${name} is recognised in ${dialect}: ${text.split('\n')[1]}`, () => {
				assert.deepEqual(named({ texts: [saved(text, dialect)] }), [`${name}: ${dialect}`]);
			});

	test('each is named once, with all of its places, and others beside it', () => {
		const texts = [saved(dockerRules('v4')), saved(ufwRules('v4'), 'iptables-legacy'), saved(ufwRules('v6'))];
		assert.deepEqual(named({ texts }), ['Docker: iptables-nft', 'ufw: iptables-legacy,iptables-nft']);
	});
});

describe('by the names of tables and base chains, which the kernel tells where nft is not installed', () => {
	for (const [name, ...chains] of [
		['Istio', base('istio-proxy-nat', 'prerouting'), base('istio-proxy-mangle', 'prerouting')],
		['Istio', base('istio-ambient-nat', 'output')],
		['Consul', base('consul_tproxy', 'CONSUL_NAT_OUTPUT')],
		['Consul', base('nat', 'CONSUL_NAT_PREROUTING')],
		['Docker', base('docker-bridges', 'nat-PREROUTING', 'ip'), base('docker-bridges', 'nat-PREROUTING', 'ip6')],
		['kube-proxy', base('kube-proxy', 'nat-output', 'ip6')],
		['Podman', base('netavark', 'PREROUTING')],
		['firewalld', base('firewalld', 'filter_INPUT')],
		['fail2ban', base('f2b-table', 'f2b-chain')],
	] as const)
		test(`${name}: ${chains.map(({ family, table, chain }) => `${family} ${table} ${chain}`).join(', ')}`, () => {
			assert.deepEqual(named({ chains }), [`${name}: nft`]);
		});
});

test('rules of an administrator, and ours, are nobody that is known', () => {
	const ours = `*nat
:APPMESH_EGRESS - [0:0]
-A OUTPUT -p tcp -m comment --comment "turnout: connections from this host to others" -j APPMESH_EGRESS
-A APPMESH_EGRESS -p tcp -m comment --comment "turnout: all else leaves through Envoy" -j REDIRECT --to-ports 15001
COMMIT
`;
	assert.deepEqual(named({ texts: [saved(administratorRules('v4')), saved(ours)] }), []);
	const meddled = ours.replace('COMMIT', '-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 9\nCOMMIT');
	assert.deepEqual(named({ texts: [saved(meddled)] }), []);
	assert.deepEqual(named({ chains: [base('nat', 'PREROUTING', 'ip'), base('turnout', 'nat_output')] }), []);
});

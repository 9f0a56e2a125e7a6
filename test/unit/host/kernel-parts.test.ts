// What the rules take of the kernel, and how it is found out whether it has that.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backends } from '../../../src/firewall/backends.ts';
import { iptablesParts } from '../../../src/host/iptables/iptables-parts.ts';
import { nftParts } from '../../../src/host/nft/nft-parts.ts';
import { buildDesiredRules } from '../../../src/reconcile/desired.ts';
import { localRoutingOf } from '../../../src/routing/local-routing.ts';
import type { Capture } from '../../../src/ruleset/capture.ts';
import { captureOf } from '../../support/capture.ts';

const plain = captureOf({ appPorts: '8080' });
const transparent: Capture = { ...plain, ingressMode: 'tproxy', ingressKeepClient: 'application' };
const rulesOf = (capture: Capture) =>
	buildDesiredRules(capture, 'iptables-nft', ['ipv4', 'ipv6'], localRoutingOf({ mark: 1, routeTable: 1 }, true)).rules;
const modules = (parts: readonly { readonly module: string }[]) =>
	[...new Set(parts.map(({ module }) => module))].sort();

describe('what the rules take of the kernel', () => {
	test('iptables: the tables, and each match and target', () => {
		const documents = backends.iptables.renderInstallations(rulesOf(plain));
		const common = [
			'xt_REDIRECT',
			'xt_addrtype',
			'xt_comment',
			'xt_conntrack',
			'xt_multiport',
			'xt_owner',
			'xt_tcpudp',
		];
		assert.deepEqual(modules(iptablesParts('iptables-nft', documents)), [
			...['nf_tables', 'nft_chain_nat', 'nft_compat'],
			...common,
		]);
		assert.deepEqual(modules(iptablesParts('iptables-legacy', documents)), [
			...['ip6table_mangle', 'ip6table_nat', 'iptable_mangle', 'iptable_nat'],
			...common,
		]);
	});

	test("iptables: a client's address takes more", () => {
		const found = modules(iptablesParts('iptables-nft', backends.iptables.renderInstallations(rulesOf(transparent))));
		for (const module of ['xt_TPROXY', 'xt_socket', 'xt_mark', 'xt_connmark', 'xt_nat'])
			assert.ok(found.includes(module), `${module} among ${found.join(', ')}`);
	});

	test('nft: each expression that is a module, and none for words of comments', () => {
		const documentsOf = (capture: Capture) =>
			backends.nft
				.renderInstallations(rulesOf(capture))
				.map(({ document }) => document)
				.join('\n');
		assert.deepEqual(modules(nftParts(documentsOf(plain))), [
			...['nf_tables', 'nft_chain_nat', 'nft_ct', 'nft_fib_inet', 'nft_redir'],
		]);
		const found = modules(nftParts(documentsOf(transparent)));
		for (const module of ['nft_tproxy', 'nft_socket', 'nft_nat']) assert.ok(found.includes(module), module);
		assert.deepEqual(nftParts('return comment "turnout: a socket fib tproxy ct "'), []);
	});
});

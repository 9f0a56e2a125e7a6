// The commands that the documentation gives to administrators, tried where they are needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installAdministratorRules } from '../../lab/net/foreign-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import type { Peer } from '../../lab/net/peer.ts';
import { createPeers } from '../../lab/net/peers.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { backends } from '../../support/dialects.ts';
import { commandsOf } from '../../support/pages.ts';
import { run } from '../../support/run.ts';

const { host: ours, remote } = addresses;

for (const { backend, dialect } of backends) {
	test(`with ${backend} rules the commands for a host that drops what it does not know let in what is captured`, async () => {
		using lab = createHost();
		using peers = await createPeers(lab);
		installAdministratorRules(lab.host, dialect);
		run(lab.host, ['init', '--app-ports', '8080', '--bridges', 'docker0', '--backend', backend]);
		const inbound = (timeoutMs?: number) => answersTo(peers.world, ours, 8080, timeoutMs);
		const outbound = (timeoutMs?: number) => answersTo(peers.app, remote, 443, timeoutMs);
		const bridged = (timeoutMs?: number) => answersTo(peers.container, remote, 443, timeoutMs);
		assert.deepEqual(await Promise.all([inbound(DROPPED_MS), bridged(DROPPED_MS)]), [both('timeout'), both('timeout')]);
		follow(lab.host, dialect, 'docs/firewalls.md', 'INPUT: redirected to Envoy, dialled on an app port');
		follow(lab.host, dialect, 'docs/firewalls.md', 'INPUT: containers behind a captured bridge');
		assert.deepEqual(await Promise.all([inbound(), bridged()]), [both('ingress listener'), both('egress listener')]);
		assert.deepEqual(await outbound(), both('egress listener'));
		closeOutput(lab.host, dialect);
		const dialled = answersTo(peers.world, ours, 15000, DROPPED_MS);
		assert.deepEqual(await Promise.all([outbound(DROPPED_MS), dialled]), [both('timeout'), both('timeout')]);
		follow(lab.host, dialect, 'docs/firewalls.md', "OUTPUT: to Envoy's outbound listener");
		assert.deepEqual(await outbound(), both('egress listener'));
	});
}

/** As they stand on the page, with the dialect's programs by their own names. */
function follow(host: Namespace, dialect: Dialect, page: string, comment: string): void {
	const text = commandsOf(page, comment).replaceAll(
		'in iptables ip6tables;',
		`in iptables-${dialect} ip6tables-${dialect};`,
	);
	host.run('sh', ['-es'], { input: text });
}

function closeOutput(host: Namespace, dialect: Dialect): void {
	for (const program of [`iptables-${dialect}`, `ip6tables-${dialect}`]) {
		host.run(program, ['-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT']);
		host.run(program, ['-A', 'OUTPUT', '-p', program.startsWith('ip6') ? 'ipv6-icmp' : 'icmp', '-j', 'ACCEPT']);
		host.run(program, ['-P', 'OUTPUT', 'DROP']);
	}
}

const both = (name: string): string[] => [name, name];

/** Where packets are dropped there is nothing to wait for. */
const DROPPED_MS = 1_000;

const answersTo = (
	who: Peer,
	{ v4, v6 }: { readonly v4: string; readonly v6: string },
	port: number,
	timeoutMs = 20_000,
) =>
	Promise.all(
		[v4, v6].map(async (address) => {
			const answer = await who.connect(address, port, { timeoutMs });
			return answer.kind === 'answered' ? answer.by : answer.kind;
		}),
	);

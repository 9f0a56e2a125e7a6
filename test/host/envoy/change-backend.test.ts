// The backend changes in the middle of traffic: each connection goes through Envoy, and through it once.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { retriedConnections } from '../../lab/net/load.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { isWhole, ownRules } from '../../support/own-rules.ts';
import { countedByEnvoy } from '../../support/passages.ts';
import { rounds } from '../../support/rounds.ts';

/** From each to each other one, and back at the beginning. */
const ways: readonly Dialect[] = ['iptables-legacy', 'iptables-nft', 'nft', 'iptables-legacy', 'nft', 'iptables-nft'];
const each = rounds(50);
/** Nobody looks after Envoy meanwhile: on a busy machine it may be slow to answer, and would be replaced. */
const PATIENT = ['--envoy-health-seconds', '600'];

/**
 * What is captured twice is accepted twice: Envoy's own connection, or that to its listener, is one more that it has accepted.
 * What leaks is one less. So both show in the number of its connections.
 */
test(`under 8 clients, ${each} changes of the backend from each of the three to each other: 0 connections past Envoy, 0 failed, 0 captured twice, and open ones go on`, async (context) => {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost());
	const peers = stack.use(await createPeers(lab, { envoy: false }));
	stack.use(await startEcho(lab.world, 7));
	const file = join(stack.use(createScratch('backend')).path, 'turnout.yaml');
	const write = (backend: Dialect) => writeFileSync(file, `appPorts: 8080\nbackend: ${backend}\n`);
	write('iptables-nft');
	const args = ['--config', file, '--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), ...PATIENT];
	const daemon = stack.use(await startDaemon(lab.host, { args: [...args, '--start-enabled', '1'] }));
	await eventually(daemon.readStatus, ({ envoy, is }) => envoy.state === 'live' && is === 'enabled', 60_000);
	const open = stack.use(await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 }));
	const before = countedByEnvoy(lab);
	const loads = await startLoads(peers);
	const lasted: number[] = [];
	for (let at = 0; at < each * ways.length; at += 1) {
		const backend = ways[at % ways.length] ?? 'nft';
		write(backend);
		const startedMs = performance.now();
		const { status, text } = await askSocket(daemon.socket, 'POST', '/v1/reload');
		assert.equal(status, 200, text);
		lasted.push(performance.now() - startedMs);
		const left = backends.filter((other) => other.backend !== backend && ownRules(lab.host, other.backend) !== '');
		assert.deepEqual(left, []);
		// Before the second stage of capture, within it, or after it.
		if (at % 3 === 0) await sleep(Math.random() * 200);
		if (at % 3 === 1) await untilWhole(() => isWhole(lab.host, backend));
		assert.equal(await open.echo(`change ${at}`), `change ${at}`, daemon.log());
	}
	const [egress, ingress] = [await loads.stop('egress'), await loads.stop('ingress')];
	const counted = countedByEnvoy(lab);
	lasted.sort((a, b) => a - b);
	context.diagnostic(
		`${egress} connections out, ${ingress} in; half of the changes within ${lasted[lasted.length >> 1]?.toFixed(0)} ms`,
	);
	assert.deepEqual(counted, { egress: before.egress + egress, ingress: before.ingress + ingress, loops: 0 });
	for (const namespace of [lab.host, lab.world]) assert.equal(retriedConnections(namespace), 0);
	assert.equal(daemon.status().repairs.count, 0, daemon.log());
});

const untilWhole = (is: () => boolean) => eventually(is, (whole) => whole);

async function startLoads({ app, world }: Peers) {
	const calm = { clients: 2, pauseMs: 10, timeoutMs: 20_000, limitMs: 3_600_000 };
	const start = (peer: Peers['app'], { v4, v6 }: { readonly v4: string; readonly v6: string }, port: number) =>
		Promise.all([v4, v6].map((address) => peer.startLoad({ address, port, ...calm })));
	const loads = {
		egress: await start(app, addresses.remote, 443),
		ingress: await start(world, addresses.host, 8080),
	} as const;
	const answers = { egress: 'remote', ingress: 'app' } as const;
	return {
		/** Resolves to the number of connections, each of which was answered by whom was asked. */
		async stop(way: keyof typeof loads): Promise<number> {
			const counts = await Promise.all(loads[way].map((load) => load.stop()));
			for (const { by, failures, limited } of counts)
				assert.deepEqual(
					{ by: Object.keys(by), failures, limited },
					{ by: [answers[way]], failures: {}, limited: false },
				);
			return counts.reduce((sum, { connections }) => sum + connections, 0);
		},
	};
}

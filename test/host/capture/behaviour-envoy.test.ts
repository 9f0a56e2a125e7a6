// The behaviour table once more with a real Envoy, which passes on what it is sent: who answers in the end does not tell
// whether it went through Envoy, so Envoy's own log does, connection by connection. One way inbound follows the other, live.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { callAll, nameOf } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { untilInbound, type WayInbound } from '../../support/inbound.ts';
import { countedByEnvoy, type Logged, loggedBy, passagesOf } from '../../support/passages.ts';
import { tableSettings, worldAddresses } from '../../support/rows.ts';

/** Each way on some backend, and each backend with more than redirects. */
const ways: Readonly<Record<string, readonly [WayInbound, ...WayInbound[]]>> = {
	'iptables-nft': [
		{ ingressMode: 'redirect', ingressKeepClient: 'envoy' },
		{ ingressMode: 'tproxy', ingressKeepClient: 'application' },
	],
	'iptables-legacy': [
		{ ingressMode: 'tproxy', ingressKeepClient: 'envoy' },
		{ ingressMode: 'redirect', ingressKeepClient: 'application' },
	],
	nft: [
		{ ingressMode: 'tproxy', ingressKeepClient: 'envoy' },
		{ ingressMode: 'tproxy', ingressKeepClient: 'application' },
	],
};

for (const { backend, dialect } of backends)
	test(`a real Envoy passes on what the table says it is sent by ${backend}, and sees nothing else`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab, { envoy: false });
		installDockerRules(lab.host, dialect);
		using scratch = createScratch('ways');
		const file = join(scratch.path, 'turnout.yaml');
		const write = (way: WayInbound) => writeFileSync(file, JSON.stringify(way));
		const [first, ...others] = ways[backend] ?? assert.fail(`no way inbound for ${backend}`);
		write(first);
		const envoy = ['--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), '--backend', backend];
		const args = [...tableSettings, ...envoy, '--config', file];
		await using daemon = await startDaemon(lab.host, { args });
		assert.equal(daemon.ask('enable').code, 0);
		for (const way of [first, ...others]) {
			write(way);
			assert.equal(daemon.ask('reload').code, 0);
			await untilInbound(lab.host, backend, way);
			await testTable(context, { lab, peers, daemon }, way);
		}
	});

interface Scene {
	readonly lab: Host;
	readonly peers: Peers;
	readonly daemon: TestDaemon;
}

async function testTable(context: TestContext, { lab, peers, daemon }: Scene, way: WayInbound): Promise<void> {
	const before = loggedBy(daemon).length;
	const passages = passagesOf();
	const called = await callAll(peers, passages);
	const counted = countedByEnvoy(lab);
	const log = await eventually(
		() => loggedBy(daemon).slice(before),
		(lines) => lines.length >= counted.egress + counted.ingress,
	);
	const how = `${way.ingressMode}, ${way.ingressKeepClient}`;
	for (const [at, { title, expected, through }] of passages.entries())
		await context.test(`${how}: ${title}`, () => {
			const answer = called[at]?.answer;
			assert.equal(answer && nameOf(answer), expected);
			assert.equal(answer?.kind === 'answered' ? directionOf(log, answer.ownPort, passages[at]) : undefined, through);
		});
	await context.test(
		`${how}: Envoy has counted as many connections as the table sends it, its own not among them`,
		() => {
			const count = (direction: string) => passages.filter(({ through }) => through === direction).length;
			assert.deepEqual(counted, { egress: count('egress'), ingress: count('ingress'), loops: 0 });
		},
	);
}

const directionOf = (log: readonly Logged[], ownPort: number, to?: { address: string; port: number }) =>
	log.find((line) => line.ownPort === ownPort && line.address === to?.address && line.port === to.port)?.direction;

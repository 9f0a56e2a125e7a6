// The behaviour table once more with a real Envoy, which passes on what it is sent: who answers in the end does not tell
// whether it went through Envoy, so Envoy's own log does, connection by connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { callAll, nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';
import { countedByEnvoy, type Logged, loggedBy, passagesOf } from '../../support/passages.ts';
import { tableSettings, worldAddresses } from '../../support/rows.ts';

test('a real Envoy passes on what the table says it is sent, and sees nothing else', async (context) => {
	using lab = createHost({ worldAddresses });
	using peers = await createPeers(lab, { envoy: false });
	installDockerRules(lab.host, 'nft');
	const envoy = ['--envoy-runtime', 'process', '--envoy-command', await findEnvoy()];
	await using daemon = await startDaemon(lab.host, { args: [...tableSettings, ...envoy] });
	assert.equal(daemon.ask('enable').code, 0);

	const passages = passagesOf();
	const called = await callAll(peers, passages);
	const counted = countedByEnvoy(lab);
	const log = await eventually(
		() => loggedBy(daemon),
		(lines) => lines.length >= counted.egress + counted.ingress,
	);
	for (const [at, { title, expected, through }] of passages.entries())
		await context.test(title, () => {
			const answer = called[at]?.answer;
			assert.equal(answer && nameOf(answer), expected);
			assert.equal(answer?.kind === 'answered' ? directionOf(log, answer.ownPort, passages[at]) : undefined, through);
		});
	await context.test('Envoy has counted as many connections as the table sends it, its own not among them', () => {
		const count = (direction: string) => passages.filter(({ through }) => through === direction).length;
		assert.deepEqual(counted, { egress: count('egress'), ingress: count('ingress'), loops: 0 });
	});
});

const directionOf = (log: readonly Logged[], ownPort: number, to?: { address: string; port: number }) =>
	log.find((line) => line.ownPort === ownPort && line.address === to?.address && line.port === to.port)?.direction;

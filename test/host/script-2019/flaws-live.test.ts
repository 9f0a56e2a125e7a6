// The 2019 script's flaws 21 and 22 while traffic flows: each test fails when its flaw comes back.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers } from '../../lab/net/peers.ts';
import type { LoadCounts } from '../../lab/net/protocol.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';
import { loggedBy } from '../../support/passages.ts';
import { run } from '../../support/run.ts';

const { remote, host: own } = addresses;

test('flaw 21: ports change under traffic, and no connection leaks past Envoy or fails', async () => {
	using lab = createHost();
	using peers = await createPeers(lab);
	await peers.proxyUser.listen('ingress listener', [16_000]);
	await peers.proxyUser.listen('egress listener', [16_001]);
	using scratch = createScratch('settings');
	const file = join(scratch.path, 'turnout.yaml');
	const settings = (first: number) => `appPorts: 8080\ningressPort: ${first}\negressPort: ${first + 1}\n`;
	writeFileSync(file, settings(15_000));
	await using daemon = await startDaemon(lab.host, { args: ['--config', file] });
	assert.equal(daemon.ask('enable').code, 0);

	const calm = { clients: 2, pauseMs: 5, timeoutMs: 20_000, limitMs: 120_000 };
	await using outbound = await peers.app.startLoad({ address: remote.v4, port: 443, ...calm });
	await using inbound = await peers.world.startLoad({ address: own.v6, port: 8080, ...calm });
	for (const first of [16_000, 15_000, 16_000]) {
		writeFileSync(file, settings(first));
		assert.equal(daemon.ask('reload').code, 0);
	}
	assert.deepEqual(whoAnswered(await outbound.stop()), ['egress listener']);
	assert.deepEqual(whoAnswered(await inbound.stop()), ['ingress listener']);
});

const whoAnswered = ({ by, failures, limited }: LoadCounts): string[] => [
	...Object.keys(by),
	...Object.keys(failures),
	...(limited ? ['the load ended too early'] : []),
];

test('flaw 22: Envoy runs as the user that is ignored, so that its own connections do not come back to it', async () => {
	using lab = createHost();
	using peers = await createPeers(lab, { envoy: false });
	const args = ['--app-ports', '8080', '--envoy-runtime', 'process', '--envoy-command', await findEnvoy()];
	await using daemon = await startDaemon(lab.host, { args });
	assert.equal(daemon.ask('enable').code, 0);
	assert.deepEqual(usersOf(daemon.status().envoy.id), ['1337', '1337', '1337', '1337']);
	assert.equal(nameOf(await peers.app.connect(remote.v4, 443, { timeoutMs: 10_000 })), 'remote');
	const log = await eventually(
		() => loggedBy(daemon),
		(lines) => lines.length > 0,
	);
	assert.equal(log.length, 1);
});

test('flaw 22: status warns of an unmanaged Envoy that would get its own connections back', async () => {
	using lab = createHost();
	using _cast = await createPeers(lab);
	const args = ['--app-ports', '8080', '--ignore-uids', '1336'];
	assert.match(run(lab.host, ['init', ...args]).stdout, comesBack);
	assert.doesNotMatch(run(lab.host, ['init', '--ignore-uids', '1300-1399']).stdout, comesBack);
	await using daemon = await startDaemon(lab.host, { args });
	const { code, stdout } = daemon.ask('enable');
	assert.equal(code, 1);
	assert.match(stdout, comesBack);
});

const comesBack = /user 1337, whose traffic is captured: .* redirected back to it .*APPMESH_IGNORE_UID/;

/** Real, effective, saved and of files. */
function usersOf(id = ''): string[] | undefined {
	const status = readFileSync(`/proc/${id.replace('pid ', '')}/status`, 'utf8');
	return /^Uid:\t(.*)$/m.exec(status)?.[1]?.split('\t');
}

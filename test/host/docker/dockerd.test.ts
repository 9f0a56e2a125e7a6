// The published port with a real Docker and a real container: whichever of the two started first, and after Docker came back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { type Docker, startDockerd } from '../../lab/services/dockerd.ts';
import { importAnswerer } from '../../lab/services/image.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../support/run.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';

const settings = (backend: string) => ['--app-ports', '8080', '--backend', backend];

for (const { backend, dialect } of backends) {
	test(`with ${backend} rules what Docker has published enters through Envoy, and is Docker's own again afterwards`, async () => {
		using lab = createHost({ container: false });
		await using docker = await startDockerd(lab, { dialect });
		publish(docker);
		using peers = await createPeers(lab, { appPorts: [22] });
		assert.deepEqual(await answersTo(peers), both('container'));
		const before = withoutEmptyTables(snapshotHost(lab.host));
		await underDaemon(lab, peers, backend);
		assert.deepEqual(await answersTo(peers), both('container'));
		assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(lab.host))), []);
	});

	test(`with ${backend} rules what a Docker publishes that starts after us enters through Envoy, also when it starts again`, async () => {
		using lab = createHost({ container: false });
		using peers = await createPeers(lab, { appPorts: [22] });
		run(lab.host, ['init', ...settings(backend)]);
		await using docker = await startDockerd(lab, { dialect });
		publish(docker);
		assert.deepEqual(await answersTo(peers), both('ingress listener'));
		await docker.restart();
		await eventually(
			() => docker.docker(['ps', '--format', '{{.Names}} {{.Ports}}']),
			(list) => /^shop .*8080->80/.test(list),
		);
		assert.deepEqual(await answersTo(peers), both('ingress listener'));
		run(lab.host, ['clean']);
		assert.deepEqual(await answersTo(peers), both('container'));
	});
}

const both = (name: string): string[] => [name, name];

function publish(docker: Docker): void {
	importAnswerer(docker);
	docker.docker([
		'run',
		'--detach',
		'--restart',
		'always',
		'--name',
		'shop',
		'--publish',
		'8080:80',
		'answerer:1',
		'container',
		'80',
	]);
}

async function underDaemon(lab: Host, peers: Peers, backend: string): Promise<void> {
	await using daemon = await startDaemon(lab.host, { args: settings(backend) });
	assert.equal(daemon.ask('enable').code, 0);
	assert.deepEqual(await answersTo(peers), both('ingress listener'));
	assert.equal(await daemon.stop(), 0);
}

/** Over IPv4 and over IPv6, from another host. */
const answersTo = ({ world }: Peers): Promise<string[]> =>
	Promise.all(
		[addresses.host.v4, addresses.host.v6].map(async (to) =>
			nameOf(await world.connect(to, 8080, { timeoutMs: 10_000 })),
		),
	);

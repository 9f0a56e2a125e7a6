// What presets leave alone, on a host with a container, with rules of nft.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { run } from '../../support/run.ts';

const { bridge, container, credentials, metadata, remote } = addresses;

test('presets: what they name goes directly, and all else through Envoy', async () => {
	using lab = createHost();
	using peers = await createPeers(lab);
	const own = ['--app-ports', '8080', '--egress-ignored-ips', '198.51.100.1', '--backend', 'nft'];
	const answers = async () => ({
		metadata: nameOf(await peers.app.connect(metadata.v4, 80)),
		credentials: nameOf(await peers.app.connect(credentials.v4, 80)),
		toContainer: nameOf(await peers.app.connect(container.v4, 80)),
		fromContainer: nameOf(await peers.container.connect(bridge.v4, 8080)),
		remote: nameOf(await peers.app.connect(remote.v4, 443)),
	});
	const captured = 'egress listener';
	run(lab.host, ['init', ...own]);
	const all = { toContainer: captured, fromContainer: 'ingress listener', remote: captured };
	assert.deepEqual(await answers(), { metadata: captured, credentials: captured, ...all });
	run(lab.host, ['init', ...own, '--presets', 'aws-endpoints']);
	const endpoints = { metadata: 'remote', credentials: 'remote' };
	assert.deepEqual(await answers(), { ...endpoints, ...all });
	run(lab.host, ['init', ...own, '--presets', 'aws-endpoints,container-networks,host-agents']);
	const direct = { toContainer: 'container', fromContainer: 'app' };
	assert.deepEqual(await answers(), { ...endpoints, ...direct, remote: captured });

	// A bridge by which this host reaches others has such a name too.
	lab.host.run('sh', [
		'-ec',
		'ip link add br-ex type bridge; ip link set br-ex up; ip route add default dev br-ex metric 999',
	]);
	const { code, stderr } = turnout(lab.host, ['init', ...own, '--presets', 'container-networks']);
	assert.equal(code, 1);
	assert.match(stderr, /a default route of this host leaves by br-ex/);
	assert.deepEqual(await answers(), { ...endpoints, ...direct, remote: captured }, 'and nothing has changed');
});

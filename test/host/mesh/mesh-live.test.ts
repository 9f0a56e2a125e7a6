// The guide's example on one host with a real Envoy: its service A calls B, of which there are two versions.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createHttpPeer } from '../../lab/net/http-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { guideResources } from '../../support/guide-mesh.ts';

test('the definitions of the guide lead requests to both versions by their weights, and follow what is saved', async () => {
	using scratch = createScratch('mesh');
	using lab = createHost({ container: false });
	using world = createHttpPeer(lab.world);
	using app = createHttpPeer(lab.host, { uid: 1000 });
	await world.serve({ name: 'v1', address: addresses.remote.v4, port: 80 });
	await world.serve({ name: 'v2', address: addresses.otherRemote.v4, port: 80 });
	await app.serve({ name: 'app', address: '127.0.0.1', port: 80 });
	const mesh = join(scratch.path, 'mesh');
	mkdirSync(mesh);
	const save = (weights: readonly [number, number]) =>
		guideResources(weights, { serviceb: addresses.remote.v4, servicebv2: addresses.otherRemote.v4 }).forEach(
			(resource, at) => {
				writeFileSync(join(mesh, `${at}.json`), JSON.stringify(resource, null, 2));
			},
		);
	save([100, 0]);
	await using _daemon = await startDaemon(lab.host, {
		args: [
			'--envoy-runtime',
			'process',
			'--envoy-command',
			await findEnvoy(),
			'--start-enabled',
			'1',
			'--mesh-definitions',
			mesh,
		],
		env: { APPMESH_VIRTUAL_NODE_NAME: 'mesh/simpleapp/virtualNode/serviceA' },
	});
	const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };
	assert.equal((await app.get(target)).body, 'v1');
	assert.equal((await world.get({ address: addresses.host.v4, port: 80, host: 'x' })).body, 'app');
	save([0, 100]);
	await eventually(
		() => app.get(target),
		({ body }) => body === 'v2',
	);
});

// The guide's example on one host with a real Envoy: its service A calls B, of which there are two versions.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { turnout } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { createMeshHost } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };

describe('the mesh of the 2019 guide', async () => {
	const stack = suiteStack();
	const lab = await createMeshHost(stack);
	lab.save([100, 0]);
	const daemon = stack.use(await lab.start());

	test('the variable of the guide and its definitions are all that is needed: requests go by the weights, both ways', async () => {
		assert.equal((await lab.app.get(target)).body, 'v1');
		const inbound = await lab.world.get({ address: addresses.host.v4, port: 80, host: 'serviceA.simpleapp.local' });
		assert.equal(inbound.body, 'app');
		const { counters, mesh } = daemon.status();
		assert.deepEqual([counters.ingress.connections, counters.egress.connections > 0], [1, true]);
		assert.equal(mesh?.node, 'mesh/simpleapp/virtualNode/serviceA');
		const args = ['-sS', '--unix-socket', daemon.socket, 'http://turnout/metrics'];
		const counted = 'turnout_mesh_target_requests_total{cluster="cds_egress_simpleapp_serviceB_http_80",class="2xx"} 1';
		assert.ok(lab.host.run('curl', args).split('\n').includes(counted));
		// As root, with nothing but where the daemon keeps its state.
		const env = { TURNOUT_STATE_DIRECTORY: join(daemon.folder, 'state'), TURNOUT_MESH: lab.definitions };
		const differences = () => turnout(lab.host, ['mesh', 'diff'], { env });
		assert.equal(differences().code, 0);
		lab.save([0, 100]);
		await eventually(
			() => lab.app.get(target),
			({ body }) => body === 'v2',
		);
		const asBefore = 'mesh/simpleapp/virtualNode/serviceA: no differences to what Envoy accepted last\n';
		await eventually(
			async () => differences().stdout,
			(text) => text === asBefore,
		);
	});

	test('what is not of the mesh is held, as the egress filter is DROP_ALL unless the mesh says otherwise', async () => {
		await lab.world.serve({ name: 'elsewhere', address: addresses.remote.v4, port: 8080 });
		assert.equal((await lab.app.get({ ...target, port: 8080 })).status, 0);
		assert.equal((await lab.app.get({ ...target, host: 'unknown.simpleapp.local' })).status, 404);
		await lab.world.stop({ address: addresses.remote.v4, port: 8080 });
	});
});

// A host of the guide's mesh whose definitions are changed by the API.
import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { eventually } from '../../support/eventually.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { createMeshHost } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };
const ROUTE = '/meshes/simpleapp/virtualRouter/serviceB/routes/serviceB-route';

describe('a host whose mesh is changed by the API', async () => {
	const stack = suiteStack();
	const lab = await createMeshHost(stack);
	lab.save([100, 0]);
	const daemon = stack.use(await lab.start());
	const folder = dirname(lab.definitions);
	for (const path of [folder, lab.definitions]) chownSync(path, NOBODY, NOBODY);
	const control = stack.use(await startControl(lab.host, folder));

	test('requests go by the weights that the API was sent', async () => {
		assert.equal((await lab.app.get(target)).body, 'v1');
		const [spec] = guideResources([0, 100]).flatMap((each) =>
			'routeName' in each && 'spec' in each ? [each.spec] : [],
		);
		assert.equal((await control.ask('PUT', ROUTE, { spec })).metadata.version, 2);
		await eventually(
			() => lab.app.get(target),
			({ body }) => body === 'v2',
		);
	});

	test('what does not hold together meanwhile changes nothing on the host, which goes on with what it had', async () => {
		const spec = { backends: [{ virtualService: { virtualServiceName: 'later.local' } }] };
		await control.ask('PUT', '/meshes/simpleapp/virtualNodes', { virtualNodeName: 'new', spec });
		assert.match(control.log(), /"event":"the mesh does not hold together"/);
		await eventually(
			async () => daemon.status().conditions.find(({ subject }) => subject === 'mesh'),
			(mesh) => mesh?.ok === false && /no virtualService is called "later\.local"/.test(mesh.why),
		);
		assert.equal((await lab.app.get(target)).body, 'v2');
		await control.ask('PUT', '/meshes/simpleapp/virtualServices', { virtualServiceName: 'later.local', spec: {} });
		await eventually(
			async () => daemon.status().conditions.find(({ subject }) => subject === 'mesh'),
			(mesh) => mesh?.ok === true,
		);
	});
});

// A host of the guide's mesh whose definitions are changed by the API.
import assert from 'node:assert/strict';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
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

	test("a mistake of one team's changes nothing on the host, which follows what another changes beside it", async () => {
		const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
		const theirs = join(lab.definitions, 'theirs.json');
		writeFileSync(
			theirs,
			JSON.stringify([
				{ meshName: 'simpleapp', virtualRouterName: 'theirs', spec: { listeners } },
				{ ...routeTo('gone'), routeName: 'theirs', virtualRouterName: 'theirs' },
			]),
		);
		const told = /"event":"the mesh is not whole","note":"a mistake in what other nodes have: see turnout mesh check"/;
		await eventually(
			async () => daemon.log(),
			(log) => told.test(log),
		);
		assert.equal((await lab.app.get(target)).body, 'v2');
		const { metadata } = await control.ask('PUT', ROUTE, { spec: routeTo('serviceB').spec });
		assert.equal(metadata.version, 3);
		await eventually(
			() => lab.app.get(target),
			({ body }) => body === 'v1',
		);
		const { conditions, mesh } = daemon.status();
		assert.equal(conditions.find(({ subject }) => subject === 'mesh')?.ok, true);
		assert.deepEqual(mesh?.notes, ['a mistake in what other nodes have: see turnout mesh check']);
		const check = lab.host.tryRun(turnoutProgram, ['mesh', 'check', lab.definitions]);
		assert.equal(check.code, 1);
		assert.match(check.stdout, /theirs\.json:1: spec\.httpRoute\.action.*: no virtualNode is called "gone"/);
		rmSync(theirs);
	});

	test('a backend whose service is yet to be made is left out, and told where it is', async () => {
		const [{ spec }] = nodesOf('serviceA');
		const backends = [...spec.backends, { virtualService: { virtualServiceName: 'later.local' } }];
		await control.ask('PUT', '/meshes/simpleapp/virtualNodes/serviceA', { spec: { ...spec, backends } });
		assert.match(
			control.log(),
			/"event":"the mesh does not hold together".*no virtualService is called \\"later\.local\\"/,
		);
		await eventually(
			async () => daemon.status().mesh?.notes?.join(),
			(notes = '') =>
				/a backend is left out: .*spec\.backends\[1\].*no virtualService is called "later\.local"/.test(notes),
		);
		assert.equal((await lab.app.get(target)).body, 'v1');
		await control.ask('PUT', '/meshes/simpleapp/virtualServices', { virtualServiceName: 'later.local', spec: {} });
		await eventually(
			async () => daemon.status().mesh?.notes,
			(notes) => notes === undefined,
		);
	});
});

interface NodeSpec {
	readonly spec: { readonly backends: readonly object[] };
}

const nodesOf = (name: string) =>
	guideResources([100, 0], { serviceb: addresses.remote.v4, servicebv2: addresses.otherRemote.v4 }).filter(
		(each) => 'virtualNodeName' in each && each.virtualNodeName === name,
	) as unknown as readonly [NodeSpec];

const routeTo = (virtualNode: string) => ({
	meshName: 'simpleapp',
	spec: { httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode, weight: 1 }] } } },
});

// A host of the guide's mesh that follows an etcd, which two controls change.
import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startEtcd } from '../../lab/services/etcd.ts';
import { turnout } from '../../lab/turnout.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { eventually } from '../../support/eventually.ts';
import { createGuideByApi, guideRoute } from '../../support/guide-by-api.ts';
import { deployment } from '../../support/manifests.ts';
import { createMeshHost } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };
const FROM = `etcd://${addresses.world.v4}:2379/turnout/mesh`;

describe('a host whose mesh is in etcd', async () => {
	const stack = suiteStack();
	const lab = await createMeshHost(stack);
	const { path: folder } = stack.use(createScratch('etcd'));
	let etcd = stack.use(await startEtcd(lab.beyond, { address: addresses.world.v4, folder }));
	const control = async () => {
		const { path } = stack.use(createScratch('control'));
		chownSync(path, NOBODY, NOBODY);
		return stack.use(await startControl(lab.beyond, path, '--definitions', FROM));
	};
	const [first, second] = [await control(), await control()];
	await createGuideByApi([first.ask, second.ask], [100, 0]);
	let daemon = stack.use(await lab.start(undefined, FROM));
	const answeredBy = (name: string) =>
		eventually(
			() => lab.app.get(target),
			({ body }) => body === name,
		);
	const isHeld = async (why: RegExp | undefined) =>
		eventually(
			async () => (await daemon.readStatus()).conditions.find(({ subject }) => subject === 'mesh'),
			(mesh) => (why === undefined ? mesh?.ok === true : mesh?.ok === false && why.test(mesh.why)),
		);

	test('what either control is sent, and what is put there by hand, holds on the host', async () => {
		await answeredBy('v1');
		assert.equal((await second.ask('PUT', guideRoute.path, guideRoute.body([0, 100]))).metadata?.version, 2);
		await answeredBy('v2');
		assert.equal((await first.ask('GET', guideRoute.path)).metadata?.version, 2);
		const key = '/turnout/mesh/simpleapp/route/serviceB/serviceB-route.yaml';
		const text = etcd.ctl('get', '--print-value-only', key);
		assert.match(text, /^meshName: simpleapp\n/);
		etcd.ctl('put', key, text.replace('weight: 0', 'weight: 7').replace('weight: 100', 'weight: 0'));
		await answeredBy('v1');
	});

	test("the daemon's own way to etcd is past Envoy, and that of anybody else is not", () => {
		const place = `${addresses.world.v4}:2379`;
		const way = (uid: string) =>
			JSON.parse(
				turnout(lab.host, ['explain', 'out', place, '--user', uid, '--socket', daemon.socket, '--json']).stdout,
			).connections[0];
		assert.equal(way('0').settings.answer, 'direct', JSON.stringify(way('0')));
		assert.match(way('0').settings.because, /root's way to etcd/);
		assert.equal(way('1000').settings.answer, 'egress listener');
		const open = lab.host.run('ss', ['-Htnp', 'dport = :2379']);
		assert.match(open, /users:\(\("/);
		assert.doesNotMatch(open, /envoy/);
	});

	test('commands read it too', () => {
		const shown = turnout(lab.host, ['mesh', 'show', FROM]);
		assert.match(shown.stdout, /serviceA/, shown.stderr);
		const checked = turnout(lab.host, ['mesh', 'check'], { env: { TURNOUT_MESH: FROM } });
		assert.match(checked.stdout, /No mistakes: simpleapp/, checked.stdout + checked.stderr);
		const moved = turnout(lab.host, ['mesh', 'import', FROM, '--to', folder]);
		assert.deepEqual([moved.code, /7 to create/.test(moved.stdout)], [2, true], moved.stdout + moved.stderr);
		const input = deployment({ virtualNode: 'serviceA' });
		const converted = turnout(lab.host, ['convert', 'pod', '-', '--mesh', 'simpleapp', '--definitions', FROM], {
			input,
		});
		assert.match(converted.stdout, /"id": "mesh\/simpleapp\/virtualNode\/serviceA"/, converted.stderr);
	});

	test('how the mesh is, and who changed it last, is known without any of those who serve it', () => {
		const words = ['control', 'status', '--definitions', FROM];
		const { code, stdout, stderr } = turnout(lab.host, words);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^mesh {9}simpleapp, 7 resources$/m);
		assert.match(
			stdout,
			/^changed {6}last by the API: \S+Z {2}anyone on this host {2}UpdateRoute {2}arn:\S+\/serviceB-route {2}version 2$/m,
		);
		const key = '/turnout/mesh/simpleapp/virtualNode/mistaken.yaml';
		etcd.ctl('put', key, 'meshName: simpleapp\nvirtualNodeName: mistaken\nspec: {listener: []}\n');
		const mistaken = turnout(lab.host, words);
		etcd.ctl('del', key);
		assert.equal(mistaken.code, 1, mistaken.stdout);
		assert.match(mistaken.stdout, /^mistake {6}etcd:\S+mistaken\.yaml:3: spec\.listener: unknown field/m);
		const json = JSON.parse(turnout(lab.host, [...words, '--json']).stdout);
		assert.deepEqual(
			[json.store.ok, json.meshes, json.changed.version],
			[true, [{ name: 'simpleapp', resources: 7 }], 2],
		);
	});

	test('while etcd is away the host goes on, also with a daemon that starts then; it catches up by itself', async () => {
		await etcd.end('SIGKILL');
		await isHeld(/^Cannot follow etcd:\/\/10\.77\.0\.1:2379\/turnout\/mesh .*; Envoy keeps what it has$/);
		assert.equal((await daemon.readStatus()).mesh?.followed, false);
		assert.match(daemon.ask('status').stdout, /what is defined now is not known/);
		assert.equal((await lab.app.get(target)).body, 'v1');
		const { message } = await first.ask('PUT', guideRoute.path, guideRoute.body([0, 100]));
		assert.match(message, /^Cannot (read|follow) etcd:/);
		await daemon.stop();
		daemon = stack.use(await lab.start(daemon.folder, FROM));
		assert.equal((await lab.app.get(target)).body, 'v1');
		await isHeld(/^Cannot follow etcd:/);
		etcd = stack.use(await startEtcd(lab.beyond, { address: addresses.world.v4, folder }));
		await isHeld(undefined);
		assert.equal(
			(
				await eventually(
					() => first.ask('PUT', guideRoute.path, guideRoute.body([0, 100])),
					({ metadata }) => metadata !== undefined,
				)
			).metadata.version,
			3,
		);
		await answeredBy('v2');
	});
});

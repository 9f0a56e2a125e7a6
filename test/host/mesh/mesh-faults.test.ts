// A mesh whose daemon, Envoy and definitions fail, while its application asks without a pause.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { createMeshHost, type MeshLab } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const target = { address: addresses.remote.v4, port: 80, host: 'serviceB.simpleapp.local' };
const WORKERS = 4;
const TIMES = 2;

const meshOf = async (daemon: TestDaemon) => {
	const { conditions, mesh } = await daemon.readStatus();
	return { mesh, condition: conditions.find(({ subject }) => subject === 'mesh') };
};

/** Requests all the time that `act` takes: who has answered. */
async function underLoad(lab: MeshLab, act: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
	const load = await lab.app.startLoad(target, WORKERS);
	await act();
	return load.stop();
}

describe('a mesh in trouble', async () => {
	const stack = suiteStack();
	const lab = await createMeshHost(stack);
	lab.save([100, 0]);
	let daemon = stack.use(await lab.start());
	const answeredBy = (name: string) =>
		eventually(
			() => lab.app.get(target),
			({ body }) => body === name,
		);

	test('a save with a mistake, or a pipe among the definitions, changes nothing and is told with its file; the next good one holds', async () => {
		const path = join(lab.definitions, '5.json');
		const counts = await underLoad(lab, async () => {
			writeFileSync(path, '{ "meshName": "simpleapp", "virtualRouterName": "serviceB", "routeName": "r", "spec": {} ');
			await eventually(
				() => meshOf(daemon),
				(now) => now.condition?.ok === false && /5\.json:1: /.test(now.condition.why),
			);
			assert.match(daemon.log(), /"event":"the mesh stays as it was","why":"[^\n]*5\.json:1: /);
			assert.equal(daemon.ask('reload').code, 1);
			// Whoever reads it waits until somebody writes into it.
			const pipe = join(lab.definitions, 'pipe.json');
			execFileSync('mkfifo', [pipe]);
			await eventually(
				() => meshOf(daemon),
				(now) => now.condition?.ok === false && /pipe\.json: it is not a regular file/.test(now.condition.why),
			);
			rmSync(pipe);
			lab.save([0, 100]);
			await answeredBy('v2');
			assert.equal((await meshOf(daemon)).condition?.ok, true);
			lab.save([100, 0]);
			await answeredBy('v1');
		});
		assert.deepEqual(Object.keys(counts).sort(), ['v1', 'v2']);
	});

	test('definitions that vanish change nothing; once they are back, what is saved holds again', async () => {
		const counts = await underLoad(lab, async () => {
			renameSync(lab.definitions, `${lab.definitions}.gone`);
			await eventually(
				() => meshOf(daemon),
				({ condition }) => condition?.ok === false,
			);
			renameSync(`${lab.definitions}.gone`, lab.definitions);
			await eventually(
				() => meshOf(daemon),
				({ condition }) => condition?.ok === true,
			);
			lab.save([0, 100]);
			await answeredBy('v2');
			lab.save([100, 0]);
			await answeredBy('v1');
		});
		assert.deepEqual(
			Object.keys(counts).filter((by) => !['v1', 'v2'].includes(by)),
			[],
		);
	});

	test("nobody but Envoy's user reaches the socket that the configuration comes by", async () => {
		const socket = `${daemon.socket}.xds/ads/socket`;
		const probe =
			'require("node:net").connect(process.argv[1]).on("connect",()=>process.exit(0)).on("error",()=>process.exit(7))';
		const as = (uid: number) => lab.host.tryRun(process.execPath, ['-e', probe, socket], { uid }).code;
		assert.deepEqual([as(1337), as(1000)], [0, 7]);
	});

	test('an Envoy that is killed is back, LIVE and configured', async () => {
		const { envoy } = await daemon.readStatus();
		process.kill(Number(/\d+/.exec(envoy.id ?? '')?.[0]), 'SIGKILL');
		const status = await eventually(
			() => daemon.readStatus(),
			(now) => now.envoy.state === 'live' && now.envoy.id !== envoy.id,
		);
		assert.deepEqual([status.mesh?.connected, status.mesh?.settled], [1, 1]);
		assert.equal((await lab.app.get(target)).body, 'v1');
	});

	test(`a daemon that is killed ${TIMES} times costs no request; Envoy comes back to the next one and needs nothing new`, async () => {
		const folder = daemon.folder;
		const counts = await underLoad(lab, async () => {
			for (let time = 1; time <= TIMES; time += 1) {
				daemon.process.kill('SIGKILL');
				await daemon.ended;
				daemon = stack.use(await lab.start(folder));
				// The former Envoy may be connected for a while, too.
				await eventually(
					() => meshOf(daemon),
					({ mesh }) => mesh?.connected === 1 && mesh.settled === 1,
				);
			}
		});
		assert.deepEqual(Object.keys(counts), ['v1']);
		lab.save([0, 100]);
		await answeredBy('v2');
	});

	test("somebody else's Envoy reaches it too, and keeps its folder when the daemon has ended", async () => {
		await using daemon = await startDaemon(lab.host, {
			args: ['--envoy-runtime', 'none', '--mesh-definitions', lab.definitions],
			env: { APPMESH_VIRTUAL_NODE_NAME: 'mesh/simpleapp/virtualNode/serviceA' },
		});
		const socket = `${daemon.socket}.xds/ads/socket`;
		const probe = 'require("node:net").connect(process.argv[1]).on("connect",()=>process.exit(0))';
		assert.equal(lab.host.tryRun(process.execPath, ['-e', probe, socket], { uid: 1337 }).code, 0);
		assert.equal(await daemon.stop(), 0);
		// It is mounted into a container, which would not see a new one.
		assert.ok(statSync(dirname(socket)).isDirectory());
	});
});

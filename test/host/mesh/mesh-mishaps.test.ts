// What goes wrong around a mesh: a second daemon, a start that fails, a socket, definitions or a snapshot that are gone.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon, type TestDaemon, turnoutProgram } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { createMeshHost } from '../../support/mesh-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const unknown = { address: addresses.remote.v4, port: 80, host: 'unknown.simpleapp.local' };

/** Kills its Envoy; resolves once the next one is LIVE. */
async function restartEnvoy(daemon: TestDaemon): Promise<void> {
	const { envoy } = await daemon.readStatus();
	process.kill(Number(/\d+/.exec(envoy.id ?? '')?.[0]), 'SIGKILL');
	await eventually(
		() => daemon.readStatus(),
		(now) => now.envoy.state === 'live' && now.envoy.id !== envoy.id,
	);
}

async function kill(daemon: TestDaemon): Promise<void> {
	daemon.process.kill('SIGKILL');
	await daemon.ended;
}

describe('mishaps around a mesh', async () => {
	const stack = suiteStack();
	const lab = await createMeshHost(stack);
	const { path } = stack.use(createScratch('mishaps'));
	lab.save([100, 0]);
	const file = join(path, 'turnout.yaml');
	const settings = {
		envoy: { runtime: 'process', command: await findEnvoy(), drainSeconds: 5 },
		...{ startEnabled: true, mesh: { node: 'simpleapp/serviceA', definitions: lab.definitions } },
	};
	writeFileSync(file, JSON.stringify(settings));
	const start = (folder?: string) =>
		startDaemon(lab.host, { args: ['--config', file], ...(folder === undefined ? {} : { folder }) });
	const run = (socket: string, state: string) => {
		const own = ['--config', file, '--socket', socket, '--state-directory', state];
		return lab.host.tryRun('timeout', ['-k', '1', '60', turnoutProgram, 'run', '--no-prompt', ...own]);
	};

	describe('a daemon that serves it', async () => {
		const daemon = suiteStack().use(await start());

		test('a second daemon by mistake leaves the socket of the first, whose next Envoy is configured', async () => {
			const socket = `${daemon.socket}.xds/ads/socket`;
			const { ino } = statSync(socket);
			const { code, stderr } = run(daemon.socket, join(daemon.folder, 'state'));
			assert.deepEqual([code, /Cannot start a second daemon/.test(stderr)], [1, true]);
			assert.equal(statSync(socket).ino, ino);
			await restartEnvoy(daemon);
		});

		test('a socket that something has removed comes back with its folder, and Envoys are configured by it', async () => {
			rmSync(`${daemon.socket}.xds`, { recursive: true });
			await restartEnvoy(daemon);
		});
	});

	test('a start that fails after the mesh is served ends', () => {
		const socket = join(path, 'taken');
		mkdirSync(socket);
		const { code, stderr } = run(socket, join(path, 'state'));
		assert.deepEqual([code, /the path exists and is not a socket/.test(stderr)], [1, true]);
	});

	test('definitions that are gone when the daemon starts again lead nothing past the mesh', async () => {
		const first = await start();
		await kill(first);
		renameSync(lab.definitions, `${lab.definitions}.gone`);
		await using daemon = await start(first.folder);
		const { mesh, conditions } = await daemon.readStatus();
		renameSync(`${lab.definitions}.gone`, lab.definitions);
		assert.equal(mesh?.node, 'mesh/simpleapp/virtualNode/serviceA');
		assert.equal(conditions.find(({ subject }) => subject === 'mesh')?.ok, false);
		assert.equal((await lab.app.get(unknown)).status, 404);
	});

	test('with a snapshot that is of no use it is the mistakes in the definitions that are told', async () => {
		const first = await start();
		await kill(first);
		const broken = join(lab.definitions, '5.json');
		const text = readFileSync(broken, 'utf8');
		writeFileSync(broken, text.slice(0, -3));
		for (const lds of ['null', '{"a":null}', '[1]']) {
			const snapshot = `{"node":"mesh/simpleapp/virtualNode/serviceA","snapshot":{"cds":{},"eds":{},"lds":${lds},"rds":{}}}`;
			writeFileSync(join(first.folder, 'state/snapshot.json'), snapshot);
			const { code, stderr } = run(join(first.folder, 'control.sock'), join(first.folder, 'state'));
			assert.deepEqual([code, /The definitions have a mistake: .*5\.json:/.test(stderr)], [1, true], lds);
		}
		writeFileSync(broken, text);
		rmSync(first.folder, { recursive: true });
	});
});

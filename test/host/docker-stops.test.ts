// The daemon ends, or is told something else, in the middle of what it does with Envoy in Docker.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { importEnvoy } from '../../lab/image.ts';
import { addresses } from '../../lab/layout.ts';
import { pushImage, startRegistry } from '../../lab/registry.ts';
import { createScratch } from '../../lab/scratch.ts';
import { type TestDaemon, turnout } from '../../lab/turnout.ts';
import { removeContainers } from '../support/as-said.ts';
import { rulesOf } from '../support/daemon.ts';
import { createDockerPlace, IMAGE, namedBootstrap } from '../support/docker-place.ts';
import { eventually } from '../support/eventually.ts';
import { holdConnection } from '../support/held.ts';
import { startStorms, statusOf, stopStorms } from '../support/proxied.ts';

const { remote } = addresses;
const name = 'registry.example';
const OTHER = 'envoyproxy/envoy:v1.40.1';

describe('Envoy in Docker, when', { concurrency: 1 }, async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const place = await createDockerPlace(stack, {
		hosts: `127.0.0.1 localhost ${name}\n`,
		config: { 'insecure-registries': [name] },
	});
	const { docker, lab, program } = place;
	importEnvoy(docker, program, OTHER);
	const registry = stack.use(await startRegistry(lab.host));
	importEnvoy(docker, program, `${name}/envoy:v1`);
	await pushImage(docker, `${name}/envoy:v1`);
	const away = { image: `${name}/envoy:v1`, pull: 'always', pullStallSeconds: 60 } as const;
	const config = join(stack.use(createScratch('bootstrap')).path, 'envoy.yaml');
	writeFileSync(config, namedBootstrap('Envoy'));
	afterEach(() => {
		registry.resume();
		removeContainers(docker);
		turnout(lab.host, ['clean'], { env: { TURNOUT_DOCKER_SOCKET: docker.socket } });
	});
	const untilIs = (daemon: TestDaemon, wanted: string) =>
		eventually(
			() => statusOf(daemon),
			({ is, envoy }) => is === wanted && envoy.state === 'live',
			15_000,
		);
	/** An end that does not come is a failure of its own test. */
	const stopped = async (daemon: TestDaemon): Promise<number | null> => {
		const late = setTimeout(() => daemon.process.kill('SIGKILL'), 20_000);
		return daemon.stop().finally(() => clearTimeout(late));
	};
	const assertNothingLeft = () => {
		assert.deepEqual(place.containers(), []);
		assert.equal(rulesOf(lab.host), place.untouched);
	};

	test('settings name another image while the first start waits for a registry that is down: it is LIVE with that', async () => {
		const nowhere = { image: 'localhost:1/envoy:v1', pull: 'missing' };
		await using daemon = await place.start({ envoy: nowhere }, undefined, { says: 'envoy failed' });
		place.write({});
		const reloaded = daemon.ask('reload');
		assert.equal(reloaded.stderr, '');
		await untilIs(daemon, 'enabled');
		await sleep(1_500);
		const { envoy, is } = daemon.status();
		assert.partialDeepStrictEqual({ ...envoy, is }, { image: IMAGE, state: 'live', is: 'enabled' });
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
	});

	test('settings name another image while the first start pulls: there is one Envoy, and it is of that', async () => {
		registry.stall();
		await using daemon = await place.start({ envoy: away }, undefined, { says: '"pulling"' });
		place.write({});
		const reloaded = daemon.ask('reload');
		assert.equal(reloaded.stderr, '');
		registry.resume();
		await untilIs(daemon, 'enabled');
		await sleep(1_500);
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
	});

	test('the next daemon is ended while it replaces the Envoy that it found: nothing is left', async () => {
		const first = await place.start();
		first.process.kill('SIGKILL');
		await first.ended;
		registry.stall();
		const second = await place.start({ envoy: away }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assertNothingLeft();
	});

	test('the next daemon is ended while it looks at the Envoy that it found, and is to leave it: it goes on', async () => {
		const first = await place.start({ onStop: 'keep' });
		assert.equal(await stopped(first), 0);
		const rules = rulesOf(lab.host);
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
		registry.stall();
		const second = await place.start({ onStop: 'keep', envoy: away }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
		assert.equal(rulesOf(lab.host), rules);
	});

	test('the next daemon cannot start it: rules that lead to nobody do not outlive that daemon', async () => {
		const first = await place.start();
		first.process.kill('SIGKILL');
		await first.ended;
		removeContainers(docker);
		const second = await place.start({ envoy: { image: 'nowhere:1' } }, first.folder);
		assert.equal(await second.ended, 1);
		assertNothingLeft();
	});

	test('the next daemon is told to end before it could start it: nothing is left', async () => {
		const first = await place.start();
		first.process.kill('SIGKILL');
		await first.ended;
		removeContainers(docker);
		registry.stall();
		const second = await place.start({ envoy: away }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assertNothingLeft();
	});

	for (const [onStop, left] of [
		['disable', []],
		['keep', [`turnout-envoy ${IMAGE} paused`]],
	] as const)
		test(`the next daemon is told to end while it does not answer, and onStop is ${onStop}`, async () => {
			const first = await place.start({ onStop });
			first.process.kill('SIGKILL');
			await first.ended;
			const rules = rulesOf(lab.host);
			docker.docker(['pause', 'turnout-envoy']);
			const daemon = await place.start({ onStop, logLevel: 'debug' }, first.folder, { says: '' });
			await sleep(1_500);
			assert.equal(await stopped(daemon), 0, daemon.log());
			assert.deepEqual(place.containers(), left);
			assert.equal(rulesOf(lab.host), onStop === 'keep' ? rules : place.untouched);
		});

	test('ports have changed when the next daemon comes: it takes over, and no connection fails', async () => {
		const first = await place.start();
		const storms = await startStorms(place);
		using held = await holdConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		first.process.kill('SIGKILL');
		await first.ended;
		const changed = { egressPort: 16001, ingressPort: 16000, envoy: { drainSeconds: 20 } };
		await using second = await place.start(changed, first.folder);
		assert.deepEqual(second.status().envoy.listeners?.toSorted(), [16000, 16001]);
		assert.equal(await held.echo('still'), 'still');
		await held.close();
		for (const { failures } of await stopStorms(storms)) assert.deepEqual(failures, {});
	});

	test('a daemon that keeps it ends and the next one comes: the same Envoy, and no connection fails', async () => {
		const first = await place.start({ onStop: 'keep', envoy: { config } });
		const { container, since } = first.status().envoy;
		const storms = await startStorms(place);
		using held = await holdConnection(lab.host, { address: remote.v4, port: 22, uid: 1000 }).catch(
			() => undefined as never,
		);
		assert.equal(await stopped(first), 0);
		await using second = await place.start({ envoy: { config } }, first.folder);
		assert.partialDeepStrictEqual(second.status().envoy, { container, since });
		for (const { by, failures } of await stopStorms(storms))
			assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
		void held;
	});

	test('the daemon is killed in the middle of an update: the next one has one Envoy, and no connection fails', async () => {
		let daemon = await place.start({ envoy: { config } });
		const storms = await startStorms(place);
		for (const afterMs of [200, 600, 1_000, 1_400, 2_000]) {
			const updating = lab.host.spawn(process.execPath, [
				'-e',
				post,
				'--',
				daemon.socket,
				afterMs % 400 ? IMAGE : OTHER,
			]);
			await sleep(afterMs);
			daemon.process.kill('SIGKILL');
			await daemon.ended;
			updating.kill('SIGKILL');
			daemon = await place.start({ envoy: { config } }, daemon.folder);
			await eventually(place.containers, ({ length }) => length === 1);
			await untilIs(daemon, 'enabled');
		}
		for (const { by, failures } of await stopStorms(storms))
			assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
		assert.equal(await stopped(daemon), 0);
		assertNothingLeft();
	});

	test('an update pulls for long: enable and disable do not wait for it, and an end of the daemon neither', async () => {
		const daemon = await place.start();
		registry.stall();
		const updating = lab.host.spawn(process.execPath, ['-e', post, '--', daemon.socket, away.image]);
		place.write({ envoy: away });
		await eventually(daemon.log, (log) => log.includes('"pulling"'), 5_000).catch(() => undefined);
		const startMs = performance.now();
		assert.equal(daemon.ask('disable').code, 0);
		assert.equal(daemon.ask('enable').code, 0);
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(await stopped(daemon), 0);
		console.log('TOOK', performance.now() - startMs);
		updating.kill('SIGKILL');
		assertNothingLeft();
	});

	test('two are told to update at once: both are answered, and there is one Envoy', async () => {
		await using daemon = await place.start();
		const both = [OTHER, IMAGE].map((image) =>
			lab.host.spawn(process.execPath, ['-e', post, '--', daemon.socket, image]),
		);
		await Promise.all(both.map((child) => new Promise((resolve) => child.on('close', resolve))));
		await eventually(place.containers, ({ length }) => length === 1);
		await untilIs(daemon, 'enabled');
	});

	test('somebody cleans the host: what is left of it goes too, whether it runs or not', async () => {
		const daemon = await place.start();
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		docker.docker(['stop', '--time', '0', 'turnout-envoy']);
		assert.equal(turnout(lab.host, ['clean'], { env: { TURNOUT_DOCKER_SOCKET: docker.socket } }).code, 0);
		assertNothingLeft();
	});

	test('it is down and the settings change meanwhile: it comes back with the new ones', async () => {
		await using daemon = await place.start();
		docker.docker(['tag', IMAGE, 'kept:1']);
		docker.docker(['rmi', '--force', IMAGE]);
		docker.docker(['rm', '--force', 'turnout-envoy']);
		await eventually(
			() => daemon.status(),
			({ envoy }) => envoy.state === 'failed',
		);
		place.write({ egressPort: 16001, envoy: { image: 'kept:1' } });
		const reloaded = daemon.ask('reload');
		docker.docker(['tag', 'kept:1', IMAGE]);
		assert.equal(reloaded.code, 0, reloaded.stderr);
		await untilIs(daemon, 'enabled');
		await sleep(2_000);
		assert.deepEqual(place.containers(), ['turnout-envoy kept:1 running']);
		assert.equal(daemon.ask('diff').code, 0);
		assert.equal(daemon.status().envoy.state, 'live');
	});
});

const post = `
const [socketPath, image] = process.argv.slice(1);
const call = require('node:http').request({ socketPath, path: '/v1/update', method: 'POST' }, (reply) => reply.pipe(process.stdout));
call.on('error', () => undefined);
call.end(JSON.stringify({ image }));`;

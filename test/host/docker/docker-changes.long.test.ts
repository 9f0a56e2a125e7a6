// What people ask of the daemon while it is busy with Envoy in Docker, or while Envoy is away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { turnout } from '../../lab/turnout.ts';
import { IMAGE } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { createStopsPlace, killed, OTHER, stopped, untilIs, updating } from '../../support/stops-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** Far from what a stalled pull is waited for. */
const PATIENCE_MS = 15_000;

describe('Envoy in Docker, when', { concurrency: 1 }, async () => {
	const stack = suiteStack();
	const place = await createStopsPlace(stack);
	const { docker, lab, registry, pulled, assertNothingLeft } = place;
	afterEach(() => place.forget());

	test('settings name another image while the first start waits for a registry that is down: it is LIVE with that', async () => {
		const nowhere = { image: 'localhost:1/envoy:v1', pull: 'missing' };
		await using daemon = await place.start({ envoy: nowhere }, undefined, { says: 'envoy failed' });
		place.write({});
		assert.equal(daemon.ask('reload').stderr, '');
		await untilIs(daemon, 'enabled');
		assert.equal(daemon.ask('diff').code, 0);
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
	});

	test('settings name another image while the first start pulls: there is one Envoy, and it is of that', async () => {
		registry.stall();
		await using daemon = await place.start({ envoy: pulled }, undefined, { says: '"pulling"' });
		place.write({});
		assert.equal(daemon.ask('reload').stderr, '');
		registry.resume();
		await untilIs(daemon, 'enabled');
		// The pull would be over by then.
		docker.docker(['pull', '--quiet', pulled.image]);
		assert.equal(daemon.ask('update').code, 0);
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
	});

	test('enable, disable and a stop of the daemon do not wait for an update that pulls', async () => {
		const daemon = await place.start({ envoy: { pull: 'missing', pullStallSeconds: 60 } });
		registry.stall();
		docker.docker(['rmi', pulled.image]);
		updating(place, daemon, pulled.image);
		await eventually(daemon.log, (log) => log.includes('"pulling"'));
		const startMs = performance.now();
		assert.equal(daemon.ask('disable').code, 0);
		assert.equal(daemon.ask('enable').code, 0);
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(await stopped(daemon), 0);
		assert.ok(performance.now() - startMs < PATIENCE_MS);
		assertNothingLeft();
	});

	test('two updates at once lead to one Envoy, of one of the two images', async () => {
		await using daemon = await place.start();
		const both = [OTHER, IMAGE].map((image) => updating(place, daemon, image));
		await Promise.all(both.map((child) => once(child, 'close')));
		await eventually(place.containers, ({ length }) => length === 1);
		const { envoy } = await untilIs(daemon, 'enabled');
		assert.deepEqual(place.containers(), [`turnout-envoy ${envoy.image} running`]);
	});

	test('it is down and the settings change meanwhile: it comes back with the new ones, once', async () => {
		await using daemon = await place.start();
		docker.docker(['tag', IMAGE, 'kept:1']);
		docker.docker(['rmi', '--force', IMAGE]);
		docker.docker(['rm', '--force', 'turnout-envoy']);
		await eventually(
			() => daemon.readStatus(),
			({ envoy }) => envoy.state === 'failed',
		);
		place.write({ egressPort: 16001, envoy: { image: 'kept:1' } });
		const reloaded = daemon.ask('reload');
		docker.docker(['tag', 'kept:1', IMAGE]);
		assert.equal(reloaded.code, 0, reloaded.stderr);
		await untilIs(daemon, 'enabled');
		assert.deepEqual(place.containers(), ['turnout-envoy kept:1 running']);
		assert.equal(daemon.ask('diff').code, 0);
	});

	test('another daemon has another folder, but the same name for its container: the first one goes on', async () => {
		await using first = await place.start();
		const { container } = first.status().envoy;
		const second = await place.start({ egressPort: 16001, ingressPort: 16000, envoy: { adminPort: 9902 } });
		assert.equal(await second.ended, 1);
		assert.match(second.log(), /turnout-envoy .* belongs to another turnout/);
		assert.equal(first.status().envoy.container, container);
		assert.equal(first.ask('status').code, 0, first.ask('status').stdout);
	});

	test('clean removes its container too, whether it runs or not', async () => {
		const daemon = await place.start();
		await killed(daemon);
		docker.docker(['stop', '--time', '0', 'turnout-envoy']);
		assert.equal(turnout(lab.host, ['clean'], { env: { TURNOUT_DOCKER_SOCKET: docker.socket } }).code, 0);
		assertNothingLeft();
	});
});

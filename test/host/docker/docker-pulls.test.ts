// Envoy is dead, and what it is to be started from is being pulled, or is gone.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createClient } from '../../../src/localapi/client.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { pushImage, startRegistry } from '../../lab/services/registry.ts';
import type { TestDaemon } from '../../lab/turnout.ts';
import {
	assertAsSaid,
	assertNothingLeft,
	containersOf,
	removeContainers,
	told,
	untilStatus,
} from '../../support/as-said.ts';
import { unhurried } from '../../support/daemon.ts';
import { createDockerHost, IMAGE } from '../../support/docker-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** One on the host itself, whose traffic nobody captures, and one out there. */
const near = 'near.example';
const far = 'far.example:5000';

describe('Envoy in Docker', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack, {
		hosts: `127.0.0.1 localhost ${near}\n${addresses.otherRemote.v4} far.example\n`,
		config: { 'insecure-registries': [near, far] },
	});
	const { docker } = place.docker;
	// Of both registries: Docker compresses a whole Envoy for the first one, and finds it there for the second.
	const { path: images } = stack.use(createScratch('images'));
	afterEach(() => removeContainers(place.docker));

	test('that dies while an update pulls from a registry that stalls is started again at once, and the pull goes on', async () => {
		using registry = await startRegistry(place.lab.host, undefined, { images });
		docker(['tag', IMAGE, `${near}/envoy:v2`]);
		await pushImage(place.docker, `${near}/envoy:v2`);
		docker(['rmi', `${near}/envoy:v2`]);
		await using daemon = await place.start({ envoy: { pull: 'missing' } });
		const { container } = daemon.status().envoy;
		registry.stall();
		const updating = createClient(daemon.socket).update({ image: `${near}/envoy:v2` });
		updating.catch(() => undefined);
		await untilStatus(daemon, ({ envoy }) => envoy.pull !== undefined);
		const started = performance.now();
		docker(['kill', 'turnout-envoy']);
		const again = await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.container !== container);
		const ms = Math.round(performance.now() - started);
		assert.ok(ms < 20_000, `${ms} ms until Envoy was LIVE again`);
		assert.deepEqual([again.envoy.pull?.image, again.envoy.image, again.is], [`${near}/envoy:v2`, IMAGE, 'enabled']);
		assert.partialDeepStrictEqual(await place.app.connect(addresses.remote.v4, 443, unhurried), { by: 'remote' });
		registry.resume();
		assert.equal((await updating).status.envoy.image, `${near}/envoy:v2`);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('is started again from the image that it ran from, though that has lost its name and everything unused is pruned', async () => {
		docker(['tag', IMAGE, 'spare:1']);
		await using daemon = await place.start({ envoy: { stableSeconds: 3600 } });
		const [keeper] = containersOf(place, daemon.folder, 'turnout.keeps');
		assert.deepEqual([keeper?.name, keeper?.state], ['turnout-envoy-image', 'created']);
		docker(['rmi', '--force', IMAGE, 'spare:1']);
		await killedUntil(daemon, 3_000);
		docker(['image', 'prune', '--all', '--force']);
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live');
		const { envoy } = await assertAsSaid(place, daemon);
		assert.equal(envoy.image, IMAGE);
		docker(['tag', imageOf(), IMAGE]);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('whose image is gone for good is told that the pull goes through the Envoy that is missing; disable brings it back', async () => {
		using _ = await startRegistry(place.lab.world, undefined, { port: 5000, images });
		const image = `${far}/envoy:v1`;
		docker(['tag', IMAGE, image]);
		await pushImage(place.docker, image);
		await using daemon = await place.start({ envoy: { image, pull: 'missing', stableSeconds: 3600 } });
		docker(['rmi', '--force', IMAGE]);
		await killedUntil(daemon, 3_000);
		docker(['system', 'prune', '--all', '--force']);
		const away = await untilStatus(daemon, (status) => told(status).includes('the pull itself is captured'));
		assert.match(
			told(away),
			/^envoy: Cannot pull far\.example.*connection refused.*; the pull itself is captured and redirected to Envoy, which is not running\nturnout disable, and turnout enable once Envoy is LIVE/m,
		);
		assert.match(daemon.log(), /"why":"Cannot pull .*the pull itself is captured/);
		await createClient(daemon.socket).disable({});
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live', 60_000);
		assert.equal((await createClient(daemon.socket).enable({})).is, 'enabled');
		docker(['tag', image, IMAGE]);
	});

	/** Ended again and again, until it waits so long before its next start. */
	async function killedUntil(daemon: TestDaemon, pauseMs: number): Promise<void> {
		for (let retryMs = 0; retryMs < pauseMs; ) {
			await untilStatus(daemon, ({ envoy }) => envoy.state === 'live');
			docker(['kill', 'turnout-envoy']);
			retryMs = (await untilStatus(daemon, ({ envoy }) => envoy.state === 'failed')).envoy.retryMs ?? 0;
		}
	}

	const imageOf = (): string => docker(['inspect', '--format', '{{.Image}}', 'turnout-envoy']).trim();
});

// One Envoy takes over from another while connections come without a pause, or does not, and the former goes on.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { importEnvoy, importImage } from '../../lab/services/image.ts';
import { createDockerHost, IMAGE } from '../../support/docker-host.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { answeringBootstrap } from '../../support/envoy-bootstrap.ts';
import { eventually } from '../../support/eventually.ts';
import { startLoad, stopLoad, summary } from '../../support/proxied.ts';
import { rounds } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;
const OTHER = 'envoyproxy/envoy:v1.40.1';

describe('Envoy is replaced under 8 clients, in both directions and families', { concurrency: 1 }, async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { docker, program, lab } = place;
	const bootstrap = join(stack.use(createScratch('bootstrap')).path, 'envoy.yaml');
	const become = (name: string): void => writeFileSync(bootstrap, answeringBootstrap(name));
	become('one');
	// Another program of the same name, so that it is another image.
	importEnvoy(docker, program, OTHER);
	importImage(docker, {
		...{ tag: 'sleeper:1', program: '/usr/bin/perl' },
		...{ files: { 'usr/local/bin/envoy': '#!/usr/bin/perl\nsleep 600;\n' } },
	});

	test('a changed bootstrap and a reload: each connection is answered, first by the one, then by the other', async (context) => {
		become('one');
		await using daemon = await place.start({ envoy: { config: bootstrap } });
		const load = await startLoad(place);
		for (const name of ['two', 'three', 'four', 'five', 'six']) {
			become(name);
			assert.equal(daemon.ask('reload').code, 0);
			await eventually(place.containers, ({ length }) => length === 1);
		}
		const counters = await stopLoad(load);
		context.diagnostic(summary(counters));
		for (const { by, failures } of counters) {
			assert.deepEqual(failures, {});
			assert.deepEqual(Object.keys(by).sort(), ['five', 'four', 'one', 'six', 'three', 'two']);
		}
		assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
	});

	test('updates that follow one another as soon as the former Envoy is gone are all taken', async () => {
		await using daemon = await place.start();
		const images = Array.from({ length: rounds(60) }, (_, at) => (at % 2 === 0 ? OTHER : IMAGE));
		for (const image of images) {
			const body = JSON.stringify({ image });
			const { status, text } = await askSocket(daemon.socket, 'POST', '/v1/update', body);
			assert.equal(status, 200, text);
			// Not a moment later: it is just being given the name of the former.
			while (JSON.parse((await askSocket(docker.socket, 'GET', '/containers/json')).text).length > 1);
		}
		await eventually(place.containers, ([one]) => one === `turnout-envoy ${images.at(-1)} running`);
	});

	test('another image: no connection fails, and one that is under way goes on until it ends', async () => {
		await using daemon = await place.start({ envoy: { drainSeconds: 60 } });
		const { container } = daemon.status().envoy;
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		const load = await startLoad(place);
		const updated = daemon.ask('update', '--image', OTHER);
		assert.match(updated.stdout, /^Envoy was replaced\ninterception {2}enabled since /);
		assert.equal(updated.code, 0);
		assert.equal(place.containers().length, 2);
		for (let second = 1; second <= 5; second += 1) {
			await sleep(1_000);
			assert.equal(await held.echo(`second ${second}`), `second ${second}`);
		}
		const counters = await stopLoad(load);
		for (const { failures } of counters) assert.deepEqual(failures, {});
		await held.close();
		await eventually(place.containers, (containers) => containers.length === 1);
		assert.deepEqual(place.containers(), [`turnout-envoy ${OTHER} running`]);
		assert.notEqual(daemon.status().envoy.container, container);
		assert.match(daemon.ask('update').stdout, /^Envoy is up to date\n/);
	});

	test('ports that a reload moves: the rules follow, and no connection fails', async () => {
		await using daemon = await place.start();
		const load = await startLoad(place);
		place.write({ egressPort: 16001, ingressPort: 16000, envoy: { adminPort: 9902 } });
		const reloaded = daemon.ask('reload');
		assert.equal(reloaded.code, 0, reloaded.stderr);
		assert.deepEqual(daemon.status().envoy.listeners?.toSorted(), [16000, 16001]);
		const counters = await stopLoad(load);
		for (const { failures } of counters) assert.deepEqual(failures, {});
		assert.equal(daemon.ask('diff').code, 0);
	});

	for (const [what, change, why] of [
		[
			'an image that is nowhere',
			{ image: 'nowhere:1' },
			'the image nowhere:1 is not on this host, and envoy.pull is never',
		],
		['an image that never becomes LIVE', { image: 'sleeper:1', startSeconds: 2 }, 'it was not LIVE within 2 s'],
		['a bootstrap that Envoy refuses', { config: '/etc/passwd' }, 'Envoy ended with code 1; its last line: '],
	] as const)
		test(`${what}: the former goes on, no connection fails or gets past, and exit code 1 says why`, async () => {
			become('one');
			await using daemon = await place.start({ envoy: { config: bootstrap } });
			const { container } = daemon.status().envoy;
			const load = await startLoad(place);
			place.write({ envoy: { config: bootstrap, ...change } });
			const refused = daemon.ask('reload');
			assert.equal(refused.code, 1);
			assert.match(refused.stderr, /^turnout: Cannot start Envoy: .*; the former goes on\n/);
			assert.ok(refused.stderr.includes(why), refused.stderr);
			for (const { by, failures } of await stopLoad(load))
				assert.deepEqual({ by: Object.keys(by), failures }, { by: ['one'], failures: {} });
			assert.equal(daemon.status().envoy.container, container);
			assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
			assert.equal(daemon.ask('status').code, 0);
		});

	test('an image that update chose holds across restarts until the settings name another', async () => {
		const first = await place.start();
		assert.equal(first.ask('update', '--image', OTHER).code, 0);
		assert.equal(await first.stop(), 0);
		await using second = await place.start({}, first.folder);
		assert.equal(second.status().envoy.image, OTHER);
		docker.docker(['tag', IMAGE, 'renamed:1']);
		place.write({ envoy: { image: 'renamed:1' } });
		assert.equal(second.ask('reload').code, 0);
		assert.equal(second.status().envoy.image, 'renamed:1');
	});
});

// What connections meet while Envoy, or the daemon, is killed again and again.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../../src/status/types.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import type { TestDaemon } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { createDockerHost, type DockerHost, IMAGE, pidIn } from '../../support/docker-host.ts';
import { answeringBootstrap } from '../../support/envoy-bootstrap.ts';
import { eventually } from '../../support/eventually.ts';
import { startLoad, statusOf, stopLoad, summary } from '../../support/proxied.ts';
import { rounds } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const DEATHS = rounds(50);
const DAEMONS = rounds(20);

describe('8 clients, in both directions and families, while', { concurrency: true }, () => {
	describe('what runs is killed, closed', { concurrency: 1 }, async () => {
		const stack = suiteStack();
		const { place, envoy } = await createNamedPlace(stack);

		test(`Envoy is killed ${DEATHS} times: none gets past it, and in the end there is one Envoy`, async (context) => {
			await using daemon = await place.start({ envoy });
			const load = await startLoad(place);
			const slowestMs = await killEnvoys(place, daemon);
			const counters = await stopLoad(load);
			context.diagnostic(`LIVE again after ${slowestMs} ms at most after a stable life; ${summary(counters)}`);
			for (const { by } of counters) assert.deepEqual(Object.keys(by), ['Envoy']);
			assert.equal((await statusOf(daemon)).envoy.restarts, DEATHS);
			assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
		});

		test(`the daemon is killed ${DAEMONS} times and started again: the same Envoy goes on, and no connection fails`, async () => {
			let daemon = await place.start({ envoy });
			const { container, since } = daemon.status().envoy;
			const { folder } = daemon;
			const load = await startLoad(place);
			for (let at = 0; at < DAEMONS; at += 1) {
				await sleep(Math.random() * 300);
				daemon.process.kill('SIGKILL');
				await daemon.ended;
				daemon = await place.start({ envoy }, folder);
				assert.partialDeepStrictEqual(daemon.status().envoy, { container, since, state: 'live', restarts: 0 });
			}
			for (const { by, failures } of await stopLoad(load))
				assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
			assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
			assert.equal(await daemon.stop(), 0);
			assert.deepEqual(place.containers(), []);
		});
	});

	describe('what runs is killed, open', { concurrency: 1 }, async () => {
		const stack = suiteStack();
		const { place, envoy } = await createNamedPlace(stack);

		test(`Envoy is killed ${DEATHS} times: each is answered once the grace is over, and captured again`, async (context) => {
			await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { ...envoy, graceSeconds: 0 } });
			const load = await startLoad(place);
			await killEnvoys(place, daemon);
			await untilIs(daemon, 'enabled');
			context.diagnostic(summary(await stopLoad(load)));
			const after = await startLoad(place);
			for (const { by, failures } of await stopLoad(after))
				assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
			assert.deepEqual(place.containers(), [`turnout-envoy ${IMAGE} running`]);
			assert.equal(daemon.ask('status').code, 0);
		});

		test('Envoy stays away: after the grace every connection is answered directly', async () => {
			await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { ...envoy, graceSeconds: 1 } });
			writeFileSync(envoy.config, 'no bootstrap');
			process.kill(pidIn(place), 'SIGKILL');
			await untilIs(daemon, 'lifted');
			// What the captured connections of before need goes once they have ended.
			await eventually(
				() => rulesOf(place.lab.host),
				(now) => now === place.untouched,
			);
			const load = await startLoad(place);
			for (const { by, failures } of await stopLoad(load)) {
				assert.deepEqual(failures, {});
				assert.ok(!Object.keys(by).includes('Envoy'));
			}
			writeFileSync(envoy.config, answeringBootstrap('Envoy'));
			await untilIs(daemon, 'enabled');
		});
	});
});

async function createNamedPlace(stack: AsyncDisposableStack) {
	const place = await createDockerHost(stack);
	const config = join(stack.use(createScratch('bootstrap')).path, 'envoy.yaml');
	writeFileSync(config, answeringBootstrap('Envoy'));
	return { place, envoy: { config, stableSeconds: 1 } };
}

const untilIs = (daemon: TestDaemon, wanted: Status['is']) =>
	eventually(
		() => statusOf(daemon),
		({ is }) => is === wanted,
		60_000,
	);

const untilLive = (daemon: TestDaemon) =>
	eventually(
		() => statusOf(daemon),
		({ envoy }) => envoy.state === 'live',
		60_000,
	);

/** At any moment of its life. Says how long it took at most to be LIVE again after a death that followed a stable life. */
async function killEnvoys(place: DockerHost, daemon: TestDaemon): Promise<number> {
	let slowestMs = 0;
	for (let death = 1; death <= DEATHS; death += 1) {
		await untilLive(daemon);
		const isStable = Math.random() < 0.5;
		await sleep((isStable ? 1_100 : 0) + Math.random() * 400);
		const killedMs = performance.now();
		process.kill(pidIn(place), 'SIGKILL');
		await eventually(
			() => statusOf(daemon),
			({ envoy }) => envoy.restarts === death && envoy.state === 'live',
			60_000,
		);
		if (isStable) slowestMs = Math.max(slowestMs, Math.round(performance.now() - killedMs));
	}
	return slowestMs;
}

// Docker hangs, or is dead, while Envoy dies: the kernel says so, and the rules follow it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createClient } from '../../../src/localapi/client.ts';
import { addresses } from '../../lab/net/layout.ts';
import { suspend } from '../../lab/net/suspend.ts';
import {
	assertAsSaid,
	assertNothingLeft,
	eventsOf,
	removeContainers,
	told,
	untilStatus,
} from '../../support/as-said.ts';
import { ownLines, unhurried } from '../../support/daemon.ts';
import { createDockerHost, type DockerHost, pidIn } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { isFull } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;
const GONE = /Envoy is gone: nobody answers on its admin \S+, and nobody listens/;
/** One call's time, and what a busy machine adds. */
const BOUNDED_MS = 30_000;

describe('While Docker hangs', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const hang = hanging(place);
	afterEach(async () => {
		hang.end();
		await eventually(
			() => place.docker.tryDocker(['version']).code,
			(code) => code === 0,
		);
		removeContainers(place.docker);
	});

	test('an Envoy that dies is away, open: the rules are lifted after the grace period, enable waits, and Docker brings both back', async () => {
		await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { graceSeconds: 1 } });
		const { container } = daemon.status().envoy;
		const pid = pidIn(place);
		hang.begin();
		const started = performance.now();
		process.kill(pid, 'SIGKILL');
		const silent = await untilStatus(daemon, ({ envoy }) => envoy.state === 'silent');
		assert.match(told(silent), GONE);
		const lifted = await untilStatus(daemon, ({ is }) => is === 'lifted');
		const ms = Math.round(performance.now() - started);
		assert.ok(ms < 10_000, `${ms} ms until traffic went directly`);
		assert.equal(lifted.envoy.state, 'silent');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.equal((await createClient(daemon.socket).enable({})).is, 'lifted');
		assert.equal(ownLines(place.lab.host), 0);
		await untilStatus(daemon, (status) => hangs(place).test(told(status)));
		hang.end();
		await untilStatus(daemon, ({ is, envoy }) => is === 'enabled' && envoy.container !== container);
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('an Envoy that dies is away, closed: captured connections fail, status says why, and not one goes past', async () => {
		await using daemon = await place.start();
		const pid = pidIn(place);
		hang.begin();
		process.kill(pid, 'SIGKILL');
		await untilStatus(daemon, ({ is, envoy }) => is === 'enabled' && envoy.state === 'silent');
		for (const _ of Array(20))
			assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		hang.end();
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live');
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test('an Envoy that hangs is away too, and LIVE again when it answers before Docker does', async () => {
		const hasty = { healthSeconds: 1, healthTimeoutSeconds: 1, healthRetries: 2, graceSeconds: 1 };
		await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: hasty });
		const { envoy } = daemon.status();
		const pid = pidIn(place);
		hang.begin();
		suspend(pid);
		const lifted = await untilStatus(daemon, ({ is }) => is === 'lifted');
		assert.match(told(lifted), /Envoy did not answer 2 times in a row/);
		await untilStatus(daemon, (status) =>
			/Cannot stop Envoy: Docker .* does not answer within 10 s/.test(told(status)),
		);
		process.kill(pid, 'SIGCONT');
		await untilStatus(daemon, (status) => status.is === 'enabled' && status.envoy.container === envoy.container);
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test('update, a reload of what Envoy is, and the end of the daemon say so within half a minute; other settings take effect', async () => {
		await using daemon = await place.start();
		hang.begin();
		for (const act of [
			() => createClient(daemon.socket).update({}),
			() => {
				place.write({ envoy: { logLevel: 'debug' } });
				return createClient(daemon.socket).reload({});
			},
		]) {
			const started = performance.now();
			await assert.rejects(act(), { code: 'docker', message: / does not answer within 10 s; the former goes on$/ });
			assert.ok(performance.now() - started < BOUNDED_MS);
		}
		place.write({ egressIgnoredPorts: '22,2222' });
		assert.deepEqual((await createClient(daemon.socket).reload({})).changed, ['egressIgnoredPorts']);
		const started = performance.now();
		assert.equal(await daemon.stop(), 1);
		assert.ok(performance.now() - started < BOUNDED_MS);
		assert.equal(ownLines(place.lab.host), 0);
		assert.match(
			daemon.log(),
			/^turnout: Cannot stop Envoy: Docker at .* does not answer within \d+ s\nRestart Docker$/m,
		);
	});

	test('a start waits for it and says so', async () => {
		hang.begin();
		await using daemon = await place.start({}, undefined, { says: 'envoy failed' });
		await untilStatus(daemon, (status) => hangs(place).test(told(status)));
		hang.end();
		await untilStatus(daemon, ({ is }) => is === 'enabled');
	});

	test('an Envoy that goes on is left alone, and the condition docker says that it hangs, and no longer when it answers', async () => {
		await using daemon = await place.start();
		hang.begin();
		const status = await untilStatus(daemon, (now) => hangs(place).test(told(now)));
		assert.equal(status.envoy.state, 'live');
		assert.match(told(status), /\nRestart Docker/);
		hang.end();
		await untilStatus(daemon, (now) => told(now) === '');
		assert.deepEqual(
			eventsOf(daemon).filter(({ event }) => /failed|silent/.test(event)),
			[],
		);
	});
});

for (const how of isFull ? (['stopped', 'killed'] as const) : (['stopped'] as const))
	describe(`After Docker was ${how}`, async () => {
		const stack = suiteStack();
		const place = await createDockerHost(stack, { config: { 'live-restore': true } });
		const end = async () => {
			if (how === 'stopped') return place.docker.stop();
			process.kill(place.docker.pid(), 'SIGKILL');
		};
		beforeEach(() => place.docker.restart());
		afterEach(() => removeContainers(place.docker));

		test('an Envoy that dies then is away, open: the rules are lifted after the grace period, and back with Docker', async () => {
			await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { graceSeconds: 1 } });
			const { container } = daemon.status().envoy;
			const pid = pidIn(place);
			await end();
			const started = performance.now();
			process.kill(pid, 'SIGKILL');
			await untilStatus(daemon, ({ is }) => is === 'lifted');
			const ms = Math.round(performance.now() - started);
			assert.ok(ms < 10_000, `${ms} ms until traffic went directly`);
			assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
			await restarted(place);
			await untilStatus(daemon, ({ is, envoy }) => is === 'enabled' && envoy.container !== container);
			assert.equal(told(await assertAsSaid(place, daemon)), '');
		});

		test('an Envoy that had died just before is away as well', async () => {
			await using daemon = await place.start({ onEnvoyFailure: 'open', envoy: { graceSeconds: 1 } });
			const pid = pidIn(place);
			const ending = end();
			process.kill(pid, 'SIGKILL');
			await ending;
			await untilStatus(daemon, ({ is }) => is === 'lifted');
			await restarted(place);
			await untilStatus(daemon, ({ is }) => is === 'enabled');
		});
	});

const restarted = (place: DockerHost): Promise<void> => place.docker.restart();

const hangs = ({ docker }: DockerHost): RegExp =>
	new RegExp(`^docker: Docker at ${docker.socket} does not answer within 10 s$`, 'm');

/** It takes what comes and does nothing. */
function hanging(place: DockerHost): { readonly begin: () => void; readonly end: () => void } {
	return { begin: () => suspend(place.docker.pid()), end: () => void process.kill(place.docker.pid(), 'SIGCONT') };
}

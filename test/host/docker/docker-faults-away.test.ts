// Docker is away, comes late, comes back, or is not for us.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { assertAsSaid, assertEnded, assertNothingLeft, told, untilStatus, whysOf } from '../../support/as-said.ts';
import { ownLines, unhurried } from '../../support/daemon.ts';
import { createDockerHost, type DockerHost } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;
const START = 'Start Docker; Envoy and the rules stay as they are meanwhile';

describe('Docker', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { docker } = place;
	const nobody = `there is no Docker at ${docker.socket}`;

	test('that is not there is waited for, told of by every command, and used when it comes', async () => {
		await docker.stop();
		await using daemon = await place.start({}, undefined, { says: 'envoy failed' });
		const status = await untilStatus(daemon, ({ envoy }) => (envoy.retryMs ?? 0) > 700);
		assert.partialDeepStrictEqual(status, {
			is: 'waiting',
			wanted: 'enabled',
			envoy: { state: 'failed', restarts: 0 },
		});
		assert.match(told(status), /^rules: they wait for Envoy to be LIVE\nturnout wait\n/);
		assert.match(
			told(status),
			new RegExp(`^envoy: Cannot look for Envoy: ${nobody}.*\\nIt is restarted after \\d+ ms; see turnout logs$`, 'm'),
		);
		assert.ok(told(status).endsWith(`docker: ${nobody}\n${START}`), told(status));
		const wait = daemon.ask('wait', '--timeout', '1');
		assert.equal(wait.code, 1);
		assert.match(wait.stderr, /Cannot look for Envoy: there is no Docker/);
		assert.equal(daemon.ask('enable').code, 1);
		const pauses = [...daemon.log().matchAll(/"retryMs":(\d+)/g)].map(([, ms]) => Number(ms));
		assert.deepEqual(
			pauses,
			pauses.toSorted((a, b) => a - b),
			'it waits longer each time',
		);
		await docker.restart();
		await untilStatus(daemon, ({ is }) => is === 'enabled');
		assert.equal(daemon.ask('wait').code, 0);
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('that is not there does not keep the daemon from ending at once', async () => {
		await docker.stop();
		await using daemon = await place.start({}, undefined, { says: 'envoy failed' });
		const started = performance.now();
		assert.equal(await daemon.stop(), 0);
		assert.ok(performance.now() - started < 20_000);
		await docker.restart();
		assertNothingLeft(place, daemon);
	});

	test('whose socket is not for us is an error that says who may use it', async () => {
		chmodSync(docker.socket, 0);
		using scratch = createScratch('anybody');
		chownSync(scratch.path, ANYBODY, ANYBODY);
		await using daemon = await place.start({}, scratch.path, { through: anybody });
		chmodSync(docker.socket, 0o660);
		assert.deepEqual(await assertEnded(place, daemon), [
			`turnout: Cannot look for Envoy: this user may not use Docker's socket ${docker.socket}`,
			'Run turnout as root or in the group docker',
		]);
	});

	test('that restarts ends Envoy; the rules stay, connections fail at once, and both are back with Docker', async () => {
		await using daemon = await place.start({ envoy: { stableSeconds: 1 } });
		const { container } = daemon.status().envoy;
		await docker.stop();
		const away = await untilStatus(daemon, (status) => told(status).includes(`docker: ${nobody}\n${START}`));
		assert.partialDeepStrictEqual(away, { is: 'enabled', envoy: { state: 'failed', lastExit: 'ended with code 0' } });
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		await docker.restart();
		const back = await untilStatus(daemon, ({ envoy }) => envoy.state === 'live');
		assert.notEqual(back.envoy.container, container);
		assert.match(whysOf(daemon).join('\n'), new RegExp(`^Cannot start Envoy: ${nobody}`, 'm'));
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('that crashes leaves Envoy and traffic alone until it is started again, which ends what it finds', async () => {
		await using daemon = await place.start({ envoy: { stableSeconds: 1 } });
		const before = daemon.status().envoy;
		crash(docker);
		const away = await untilStatus(
			daemon,
			(status) => told(status) === `docker: nobody answers at ${docker.socket}\n${START}`,
		);
		assert.partialDeepStrictEqual(away, { is: 'enabled', envoy: before });
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		await docker.restart();
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.container !== before.container);
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});
});

describe('Docker with live-restore', async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack, { config: { 'live-restore': true } });
	const { docker } = place;

	test('that restarts leaves Envoy and traffic alone, status tells of it, and afterwards Envoy is looked after as before', async () => {
		await using daemon = await place.start({ envoy: { stableSeconds: 1 } });
		const before = daemon.status().envoy;
		await docker.stop();
		const gone = `docker: there is no Docker at ${docker.socket}\n${START}`;
		const status = await untilStatus(daemon, (now) => told(now) === gone);
		assert.partialDeepStrictEqual(status, { is: 'enabled', envoy: before });
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		await docker.restart();
		await eventually(
			() => daemon.ask('status').code,
			(code) => code === 0,
		);
		assert.partialDeepStrictEqual(await assertAsSaid(place, daemon), { is: 'enabled', envoy: before });
		assert.deepEqual(whysOf(daemon), []);
		docker.docker(['kill', 'turnout-envoy']);
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.container !== before.container);
		assert.match(whysOf(daemon).join(), /^Envoy ended by SIGKILL/);
		assert.equal((await assertAsSaid(place, daemon)).envoy.restarts, 1);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('that is away while Envoy ends: it is told of and started anew when Docker is back', async () => {
		await using daemon = await place.start({ envoy: { healthSeconds: 1, healthTimeoutSeconds: 5 } });
		const { container } = daemon.status().envoy;
		const pid = pidOf(place);
		await docker.stop();
		process.kill(pid, 'SIGKILL');
		const status = await untilStatus(daemon, (now) => told(now).includes('envoy: '));
		assert.equal(status.is, 'enabled');
		assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		await docker.restart();
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.container !== container);
		assert.equal(told(await assertAsSaid(place, daemon)), '');
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('that is away when the daemon ends: it ends in time and says what it could not do; the next one goes on with that Envoy', async () => {
		await using daemon = await place.start();
		const { container } = daemon.status().envoy;
		await docker.stop();
		assert.equal(await daemon.stop(), 1);
		assert.equal(ownLines(place.lab.host), 0);
		assert.ok(
			daemon
				.log()
				.endsWith(
					`turnout: Cannot stop Envoy: there is no Docker at ${docker.socket}\n` +
						'Start Docker, or set envoy.dockerSocket (TURNOUT_DOCKER_SOCKET)\n',
				),
			daemon.log(),
		);
		await docker.restart();
		await using next = await place.start({}, daemon.folder);
		assert.equal((await assertAsSaid(place, next)).envoy.container, container);
		assert.equal(await next.stop(), 0);
		assertNothingLeft(place, next);
	});
});

/** Its containerd dies with it; on a machine where nobody buries the dead the next one would take it for alive. */
function crash({ folder, pid }: DockerHost['docker']): void {
	process.kill(pid(), 'SIGKILL');
	rmSync(join(folder, 'exec/containerd/containerd.pid'));
}

/** Who may change the network and nothing else of root's but to read, as a checkout may lie below /root. */
const ANYBODY = 1000;
const anybody = [
	...['setpriv', `--reuid=${ANYBODY}`, `--regid=${ANYBODY}`, '--clear-groups'],
	...['--inh-caps=-all,+net_admin,+net_raw,+dac_read_search', '--ambient-caps=+net_admin,+net_raw,+dac_read_search'],
];

const pidOf = ({ docker }: DockerHost): number =>
	Number(docker.docker(['inspect', '--format', '{{.State.Pid}}', 'turnout-envoy']));

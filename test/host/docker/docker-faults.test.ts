// Somebody lays hands on Envoy's container, or has one of its name: what status, the log and the rules make of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import type { TestDaemon } from '../../lab/turnout.ts';
import {
	assertAsSaid,
	assertEnded,
	assertNothingLeft,
	containersOf,
	removeContainers,
	untilStatus,
	whysOf,
} from '../../support/as-said.ts';
import { BROKEN, createBreakable } from '../../support/breakable.ts';
import { ownLines, rulesOf } from '../../support/daemon.ts';
import { createDockerHost, IMAGE } from '../../support/docker-host.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const NAME = 'turnout-envoy';
/** An Envoy that is well answers within that, on a busy machine too. */
const hasty = { healthSeconds: 1, healthTimeoutSeconds: 5, healthRetries: 2 };

describe("Envoy's container", async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { docker } = place.docker;
	// What one test leaves behind by mistake fails that one only.
	afterEach(() => removeContainers(place.docker));

	/** A new Envoy is LIVE behind the same rules, and the log has said why. */
	async function assertRevived(daemon: TestDaemon, former: string | undefined, why: RegExp): Promise<void> {
		const { is, envoy } = await untilStatus(
			daemon,
			({ envoy: { state, container } }) => state === 'live' && container !== former,
		);
		assert.deepEqual({ is, restarts: envoy.restarts }, { is: 'enabled', restarts: 1 });
		assert.match(whysOf(daemon).join('\n'), why);
		await assertAsSaid(place, daemon);
		assert.equal(daemon.ask('status').code, 0);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	}

	test('that is removed by hand is recreated, and the log says that it was removed', async () => {
		await using daemon = await place.start();
		const { container } = (await assertAsSaid(place, daemon)).envoy;
		docker(['rm', '--force', NAME]);
		await assertRevived(daemon, container, /^Envoy was removed by somebody else(; its last line: .+)?$/);
		assert.doesNotMatch(daemon.log(), /SIGKILL/);
	});

	test('that is stopped by hand is restarted, and the log says how it ended', async () => {
		await using daemon = await place.start();
		const { container } = daemon.status().envoy;
		docker(['stop', NAME]);
		await assertRevived(daemon, container, /^Envoy ended with code 0; its last line: .*exiting$/);
	});

	test('that is killed by hand is restarted, and the log names the signal', async () => {
		await using daemon = await place.start();
		const { container } = daemon.status().envoy;
		docker(['kill', NAME]);
		await assertRevived(daemon, container, /^Envoy ended by SIGKILL; its last line: .*starting main dispatch loop$/);
	});

	test('that is paused is reported within healthSeconds, and replaced after healthRetries', async () => {
		await using daemon = await place.start({ envoy: hasty });
		const { container } = daemon.status().envoy;
		docker(['pause', NAME]);
		const { conditions, is } = await untilStatus(daemon, (status) =>
			status.conditions.some(({ subject, ok }) => subject === 'envoy' && !ok),
		);
		assert.equal(is, 'enabled');
		const condition = conditions.find(({ subject }) => subject === 'envoy');
		assert.partialDeepStrictEqual(condition, {
			ok: false,
			remedy: 'It is restarted if it stays so; see turnout logs',
		});
		await assertRevived(
			daemon,
			container,
			/^Envoy did not answer 2 times in a row on its admin interface and was ended$/,
		);
	});

	test('that is restarted by hand is replaced by a new one behind the same rules, which is heard and known of', async () => {
		await using daemon = await place.start();
		const { container } = daemon.status().envoy;
		// Docker may find it gone before it is done.
		place.docker.tryDocker(['restart', NAME]);
		await untilStatus(daemon, ({ envoy }) => envoy.state === 'live' && envoy.container !== container);
		assert.match(daemon.ask('logs').stdout, /exiting\n[\s\S]*starting main dispatch loop/);
		await assertRevived(
			daemon,
			container,
			/^Envoy (was restarted by somebody else|ended with code 0)(; its last line: .*)?$/,
		);
	});

	test('goes with the daemon also when it has ended by itself just before', async () => {
		await using daemon = await place.start();
		docker(['kill', NAME]);
		await eventually(
			() => whysOf(daemon).length,
			(ends) => ends === 1,
		);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('stays where its rules cannot be taken away; the daemon ends and says so, and the next goes on with it', async () => {
		using restore = createBreakable();
		await using daemon = await place.start({}, undefined, { env: restore.env });
		const { container } = daemon.status().envoy;
		restore.break();
		assert.equal(await daemon.stop(), 1);
		assert.match(daemon.log(), new RegExp(`^turnout: Cannot commit the rules: .*${BROKEN}$`, 'm'));
		restore.repair();
		assert.ok(ownLines(place.lab.host) > 0);
		assert.deepEqual(place.containers(), [`${NAME} ${IMAGE} running`]);
		await using next = await place.start({}, daemon.folder);
		assert.equal((await assertAsSaid(place, next)).envoy.container, container);
		assert.equal(await next.stop(), 0);
		assertNothingLeft(place, next);
	});

	test('that a killed daemon had made and not yet started is taken away by the next one', async () => {
		using scratch = createScratch('daemon');
		const owner = `turnout.owner=${join(scratch.path, 'state')}`;
		for (const name of [NAME, `${NAME}-next`]) docker(['create', '--name', name, '--label', owner, IMAGE, '--version']);
		assert.equal(containersOf(place, scratch.path).length, 2);
		await using daemon = await place.start({}, scratch.path);
		await assertAsSaid(place, daemon);
		assert.deepEqual(place.containers(), [`${NAME} ${IMAGE} running`]);
		assert.equal(await daemon.stop(), 0);
		assertNothingLeft(place, daemon);
	});

	test('cannot be made where somebody else has one of its name, which is named and stays as it is', async () => {
		docker([
			'run',
			'--detach',
			'--name',
			NAME,
			'--network',
			'none',
			'--entrypoint',
			'/usr/local/bin/envoy',
			IMAGE,
			'--config-yaml',
			'{}',
		]);
		const before = docker(['inspect', NAME]);
		await using daemon = await place.start();
		assert.deepEqual(await assertEnded(place, daemon), [
			`turnout: Cannot start Envoy: the container ${NAME} (${IMAGE}) is not ours, and stays as it is`,
			'Rename or remove it, or set envoy.name (TURNOUT_ENVOY_NAME) to another name',
		]);
		assert.equal(docker(['inspect', NAME]), before);
		docker(['rm', '--force', NAME]);
	});

	test('of a second turnout with the same name is refused, the first is named; with names and ports of its own it runs beside', async () => {
		await using first = await place.start();
		const { container } = first.status().envoy;
		const ports = { ingressPort: 16000, egressPort: 16001, envoy: { adminPort: 9902 } };
		await using same = await place.start(ports);
		assert.equal(await same.ended, 1);
		assert.deepEqual(containersOf(place, same.folder), []);
		assert.ok(
			same
				.log()
				.endsWith(
					`turnout: Cannot start Envoy: the container ${NAME} (${IMAGE}) belongs to another turnout (${join(first.folder, 'state')}), and stays as it is\n` +
						'Rename or remove it, or set envoy.name (TURNOUT_ENVOY_NAME) to another name\n',
				),
			same.log(),
		);
		assert.equal((await assertAsSaid(place, first)).envoy.container, container);
		assert.equal(first.ask('enable').code, 0);
		const rules = rulesOf(place.lab.host);
		await using second = await place.start({ ...ports, envoy: { ...ports.envoy, name: 'second' } }, undefined, {
			args: ['--start-enabled', '0'],
		});
		assert.equal(rulesOf(place.lab.host), rules);
		assert.equal((await assertAsSaid(place, first)).repairs.count, 0);
		assert.equal((await assertAsSaid(place, second, 'second')).envoy.state, 'live');
		assert.deepEqual(place.containers().sort(), [`second ${IMAGE} running`, `${NAME} ${IMAGE} running`]);
		assert.equal(await second.stop(), 0);
		assert.deepEqual(place.containers(), [`${NAME} ${IMAGE} running`]);
		// The rules are not the second's.
		assert.equal(rulesOf(place.lab.host), rules);
		assert.equal((await assertAsSaid(place, first)).is, 'enabled');
	});
});

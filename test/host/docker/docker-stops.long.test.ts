// The daemon ends in the middle of what it does with Envoy in Docker, and the next one finds what is left.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from '../../lab/net/layout.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { turnout } from '../../lab/turnout.ts';
import { removeContainers } from '../../support/as-said.ts';
import { capturing, rulesOf } from '../../support/daemon.ts';
import { IMAGE, pidIn } from '../../support/docker-host.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { startLoad, statusOf, stopLoad } from '../../support/proxied.ts';
import { createStopsPlace, killed, OTHER, stopped, untilIs, updating } from '../../support/stops-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;
const RUNNING = [`turnout-envoy ${IMAGE} running`];

describe('Envoy runs in Docker, and', { concurrency: 1 }, async () => {
	const stack = suiteStack();
	const place = await createStopsPlace(stack);
	const { docker, lab, registry, config, pulled, assertNothingLeft } = place;
	afterEach(() => place.forget());

	test('the next daemon is ended while it replaces the Envoy that it found: nothing is left', async () => {
		const first = await place.start();
		await killed(first);
		registry.stall();
		const second = await place.start({ envoy: pulled }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assertNothingLeft();
	});

	test('the next daemon is ended while it replaces the Envoy that it found, and is to keep it: it goes on', async () => {
		const first = await place.start({ onStop: 'keep' });
		assert.equal(await stopped(first), 0);
		const rules = rulesOf(lab.host);
		assert.deepEqual(place.containers(), RUNNING);
		registry.stall();
		const second = await place.start({ onStop: 'keep', envoy: pulled }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assert.deepEqual(place.containers(), RUNNING);
		assert.equal(rulesOf(lab.host), rules);
	});

	test('the next daemon cannot start it: the host stays as it was found, and nothing gets past Envoy', async () => {
		const first = await place.start();
		const whole = rulesOf(lab.host);
		await killed(first);
		removeContainers(docker);
		const second = await place.start({ envoy: { image: 'nowhere:1' } }, first.folder);
		assert.equal(await second.ended, 1);
		assert.equal(rulesOf(lab.host), whole);
		assert.equal(turnout(lab.host, ['clean']).code, 0);
		assertNothingLeft();
	});

	test('the next daemon is told to end before it could start it: nothing is left', async () => {
		const first = await place.start();
		await killed(first);
		removeContainers(docker);
		registry.stall();
		const second = await place.start({ envoy: pulled }, first.folder, { says: '"pulling"' });
		assert.equal(await stopped(second), 0);
		assertNothingLeft();
	});

	test('it is gone when the next daemon comes, which is to be open then: rules are lifted while it waits', async () => {
		const first = await place.start({ onEnvoyFailure: 'open' });
		await killed(first);
		removeContainers(docker);
		const away = { image: 'localhost:1/envoy:v1', pull: 'missing', graceSeconds: 0 };
		await using second = await place.start({ onEnvoyFailure: 'open', envoy: away }, first.folder, {
			says: 'envoy failed',
		});
		await eventually(
			() => capturing(lab.host),
			(rules) => rules === place.untouched,
		);
		assert.equal((await statusOf(second)).wanted, 'enabled');
	});

	for (const onStop of ['disable', 'keep'] as const)
		test(`the next daemon is told to end while it does not answer, and onStop is ${onStop}`, async () => {
			const first = await place.start({ onStop });
			await killed(first);
			const rules = rulesOf(lab.host);
			suspend(pidIn(place));
			const daemon = await place.start({ onStop }, first.folder, { says: '' });
			await sleep(1_500);
			assert.equal(await stopped(daemon), 0, daemon.log());
			assert.deepEqual(place.containers(), onStop === 'keep' ? RUNNING : []);
			assert.equal(rulesOf(lab.host), onStop === 'keep' ? rules : place.untouched);
		});

	test('ports have changed when the next daemon comes: it takes over, and no connection fails', async () => {
		const first = await place.start();
		const load = await startLoad(place);
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		await killed(first);
		const changed = { egressPort: 16001, ingressPort: 16000, envoy: { drainSeconds: 20 } };
		await using second = await place.start(changed, first.folder);
		assert.deepEqual(second.status().envoy.listeners?.toSorted(), [16000, 16001]);
		assert.equal(await held.echo('still'), 'still');
		await held.close();
		for (const { failures } of await stopLoad(load)) assert.deepEqual(failures, {});
	});

	test('a daemon that keeps it ends and the next one comes: the same Envoy, and no connection fails', async () => {
		const first = await place.start({ onStop: 'keep', envoy: { config } });
		const { container, since } = first.status().envoy;
		const load = await startLoad(place);
		assert.equal(await stopped(first), 0);
		await using second = await place.start({ envoy: { config } }, first.folder);
		assert.partialDeepStrictEqual(second.status().envoy, { container, since });
		for (const { by, failures } of await stopLoad(load))
			assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
	});

	test('the daemon is killed in the middle of an update: the next one has one Envoy, and no connection fails', async () => {
		let daemon = await place.start({ envoy: { config } });
		const load = await startLoad(place);
		for (const [at, afterMs] of [200, 600, 1_000, 1_400].entries()) {
			const child = updating(place, daemon, at % 2 === 0 ? OTHER : IMAGE);
			await sleep(afterMs);
			await killed(daemon);
			child.kill('SIGKILL');
			daemon = await place.start({ envoy: { config } }, daemon.folder);
			await eventually(place.containers, ({ length }) => length === 1);
			await untilIs(daemon, 'enabled');
		}
		for (const { by, failures } of await stopLoad(load))
			assert.deepEqual({ by: Object.keys(by), failures }, { by: ['Envoy'], failures: {} });
		assert.equal(await stopped(daemon), 0);
		assertNothingLeft();
	});
});

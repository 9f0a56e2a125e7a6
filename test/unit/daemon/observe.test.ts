import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonOnFakes, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { listener } from '../../support/memory-host.ts';

const enabled = { state: { wanted: 'enabled' } } as const;
const whyOf = async ({ ask }: DaemonOnFakes): Promise<string> => {
	const found = (await ask.status()).conditions.find(({ subject }) => subject === 'envoy');
	return found?.ok === false ? found.why : '';
};

test('status says which Envoy runs, and of one that has ended only how', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { envoy } = daemon.world;
	const known = { id: 'envoy 1', since: '2026-11-23T00:00:00.000Z', container: 'envoy 1', image: '' };
	assert.deepEqual((await daemon.ask.status()).envoy, {
		...{ runtime: 'docker', state: 'live', restarts: 0, version: '1.40.0', listeners: [15000, 15001], ...known },
	});
	envoy.fail();
	const { retryMs, ...ended } = (await daemon.ask.status()).envoy;
	assert.deepEqual(ended, { runtime: 'docker', state: 'failed', restarts: 0, lastExit: 'ended with code 1' });
	assert.equal(typeof retryMs, 'number');
});

test("somebody else's Envoy that runs as a captured user is warned of: its connections would come back to it in a loop", async () => {
	const listeners = [listener(15000), { ...listener(15001), uid: 1000 }];
	const settings = 'startEnabled: 1\nappPorts: 8080\n';
	await using daemon = await startDaemonOnFakes({ onWorld: (world) => Object.assign(world, { settings }) });
	daemon.world.host.listeners = listeners;
	assert.match(await whyOf(daemon), /port 15001 was opened by user 1000, .* in a loop/);
	await using own = await startDaemonOnFakes(enabled);
	own.world.host.listeners = listeners;
	assert.equal(await whyOf(own), '', 'ours runs as the user that its settings name');
});

/** As Docker says it. */
function failPull({ world: { envoy } }: DaemonOnFakes): void {
	const retry = { wasStable: true, isRetryable: true, jitter: 0 };
	envoy.turn({ kind: 'failed', why: 'Cannot pull envoy:1: dial tcp 192.0.2.1:443: connection refused', retry });
}
const captured = /connection refused; the pull itself is captured/;

test('a pull that our own rules keep from the registry is told with that cause', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	failPull(daemon);
	assert.match(await whyOf(daemon), captured);
});

test('a pull that fails while no rules are on is not blamed on them', async () => {
	await using disabled = await startDaemonOnFakes();
	failPull(disabled);
	assert.match(await whyOf(disabled), /connection refused$/, 'they are off');
	const settings = '  graceSeconds: 5\nonEnvoyFailure: open\n';
	await using lifted = await startDaemonOnFakes({ ...enabled, settings });
	failPull(lifted);
	assert.match(await whyOf(lifted), captured, 'they are on for a while');
	await lifted.world.clock.advance(5_000);
	assert.match(await whyOf(lifted), /connection refused$/, 'they are lifted');
	await using starting = await startDaemonOnFakes({
		...{ ...enabled, isStarting: true },
		onWorld: ({ envoy }) => Object.assign(envoy, { onStart: 'waits' }),
	});
	failPull(starting);
	assert.match(await whyOf(starting), /connection refused$/, 'they wait for the first Envoy');
});

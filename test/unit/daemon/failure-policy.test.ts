import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { createWorld, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const open = {
	state: { wanted: 'enabled' },
	settings: '  graceSeconds: 5\nonEnvoyFailure: open\n',
} as const;

test('captured connections fail while Envoy is away, unless the settings say otherwise', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	daemon.world.envoy.fail();
	await daemon.world.clock.advance(60_000);
	assert.ok(daemon.world.host.isCapturing());
	assert.ok(daemon.logged.some((event) => event === 'error: envoy failed'));
});

test('with onEnvoyFailure open, rules are lifted after the grace period and come back with Envoy', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(4_999);
	assert.ok(host.isCapturing());
	await clock.advance(1);
	assert.equal(host.isCapturing(), false);
	const { is, wanted } = await daemon.ask.status();
	assert.deepEqual([is, wanted], ['lifted', 'enabled']);
	envoy.live();
	await settled();
	assert.equal((await daemon.ask.status()).is, 'enabled');
	const { lift, restore } = daemon.counters.read().ruleChanges;
	assert.deepEqual([lift, restore], [1, 1]);
	assert.ok(daemon.logged.includes('warn: rules lifted while Envoy is away'));
});

test('an Envoy that does not answer counts as away', async () => {
	await using daemon = await startDaemonOnFakes(open);
	daemon.world.envoy.silent();
	await daemon.world.clock.advance(5_000);
	assert.equal(daemon.world.host.isCapturing(), false);
});

test('an Envoy that is back within the grace period has not been away', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock, steps } = daemon.world;
	await clock.advance(1_000);
	steps.length = 0;
	envoy.fail();
	await clock.advance(4_000);
	envoy.live();
	await clock.advance(60_000);
	assert.ok(host.isCapturing());
	assert.deepEqual(steps, []);
});

test('rules are lifted once, however often Envoy fails meanwhile', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { envoy, clock } = daemon.world;
	envoy.fail();
	envoy.live();
	envoy.fail();
	await clock.advance(60_000);
	assert.equal(daemon.counters.read().ruleChanges.lift, 1);
});

test('rules that are off are not lifted, and do not come back with Envoy', async () => {
	await using daemon = await startDaemonOnFakes({ ...open, state: { wanted: 'disabled' } });
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(5_000);
	assert.equal((await daemon.ask.status()).is, 'disabled');
	envoy.live();
	await clock.advance(60_000);
	assert.equal(host.hasOurs(), false);
	const { lift, restore } = daemon.counters.read().ruleChanges;
	assert.deepEqual([lift, restore], [0, 0]);
});

test('what was switched off while the rules were lifted stays off, and is disabled and not lifted', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(5_000);
	assert.equal((await daemon.ask.disable()).status.is, 'disabled');
	assert.equal((await daemon.ask.enable()).is, 'waiting');
	await daemon.ask.disable();
	envoy.live();
	await clock.advance(60_000);
	assert.equal(host.hasOurs(), false);
});

test('after a crash loop, lifted rules come back once Envoy has lived a while', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(5_000);
	for (let crash = 1; crash <= 3; crash += 1) {
		envoy.live();
		envoy.fail({ wasStable: false });
	}
	envoy.live();
	await clock.advance(1_999);
	assert.equal(host.isCapturing(), false);
	await clock.advance(1);
	assert.ok(host.isCapturing());
	assert.equal(daemon.counters.read().ruleChanges.restore, 1);
});

test('lifted rules do not come back for an Envoy that has ended again meanwhile', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(5_000);
	envoy.live();
	envoy.fail({ wasStable: false });
	envoy.live();
	envoy.fail({ wasStable: false });
	await clock.advance(60_000);
	assert.equal(host.isCapturing(), false);
});

test('rules that a former daemon left are lifted where Envoy does not come up at the start', async () => {
	const world = createWorld({ ...open, settings: `${open.settings}onStop: keep\n` });
	await using former = await startDaemonOnFakes({ world });
	await former.stop();
	assert.ok(world.host.isCapturing());
	world.envoy.onStart = 'waits';
	world.envoy.fail();
	await using daemon = await former.next({ isStarting: true });
	world.envoy.fail();
	world.envoy.silent();
	await world.clock.advance(5_000);
	assert.equal(world.host.isCapturing(), false);
	assert.equal((await daemon.ask.status()).is, 'lifted');
	world.envoy.live();
	await daemon.starting;
	assert.equal((await daemon.ask.status()).is, 'enabled');
	assert.equal(daemon.counters.read().ruleChanges.restore, 0, 'the start has switched them on');
});

test('rules are not lifted, nor put back, once the daemon is told to end', async () => {
	await using daemon = await startDaemonOnFakes({ ...open, settings: `${open.settings}onStop: keep\n` });
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	await clock.advance(4_000);
	await daemon.stop();
	await clock.advance(60_000);
	assert.ok(host.isCapturing());
});

test('rules that cannot follow Envoy are told of', async () => {
	await using daemon = await startDaemonOnFakes(open);
	const { host, envoy, clock } = daemon.world;
	envoy.fail();
	host.onCommit = () => {
		throw new Failure('firewall', 'Cannot commit: the kernel refuses', 'None');
	};
	await clock.advance(5_000);
	assert.ok(daemon.logged.includes('error: rules could not follow Envoy'));
	assert.equal(daemon.counters.read().ruleChanges.lift, 0);
});

test('each turn in the life of Envoy is logged once, and at the level that it is worth', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	const { envoy, fields } = daemon.world;
	const told = () => daemon.logged.splice(0).filter((event) => event.includes('envoy'));
	assert.deepEqual(told(), ['envoy starting', 'envoy live']);
	envoy.turn({ kind: 'troubled', why: 'its listeners are not all there' });
	envoy.turn({ kind: 'troubled', why: 'its listeners are not all there' });
	assert.deepEqual(told(), ['warn: envoy live']);
	assert.deepEqual(fields.get('envoy live'), { id: 'envoy 1', why: 'its listeners are not all there' });
	envoy.fail();
	assert.deepEqual(told(), ['error: envoy failed']);
	const { why, retryMs, id } = fields.get('envoy failed') ?? {};
	assert.match(String(why), /ended with code 1/);
	assert.deepEqual([typeof retryMs, id], ['number', undefined]);
	envoy.live();
	assert.deepEqual(told(), ['envoy starting', 'envoy live']);
	assert.deepEqual(fields.get('envoy live'), { id: 'envoy 2' });
});

test('a pull is logged with each layer once, and counted by how it ended', async () => {
	await using daemon = await startDaemonOnFakes();
	const { envoy } = daemon.world;
	daemon.logged.length = 0;
	const layer = (id: string, status: string) => ({ id, status, current: 1, total: 2 });
	const pull = (...layers: ReturnType<typeof layer>[]) =>
		envoy.turn({ kind: 'pulling', pull: { image: 'envoy:2', layers }, isAside: true });
	pull(layer('a', 'Downloading'), layer('b', 'Already exists'));
	pull(layer('a', 'Pull complete'), layer('b', 'Already exists'));
	pull(layer('a', 'Pull complete'), layer('b', 'Already exists'));
	envoy.turn({ kind: 'troubled', why: 'something else meanwhile' });
	assert.deepEqual(daemon.logged, ['pulling', 'layer pulled', 'layer pulled', 'warn: envoy live']);
	envoy.turn({ kind: 'pulled' });
	assert.deepEqual(daemon.counters.read().pulls, { pulled: 1, failed: 0 });
	pull();
	envoy.turn({ kind: 'not-pulled' });
	assert.deepEqual(daemon.counters.read().pulls, { pulled: 1, failed: 1 });
});

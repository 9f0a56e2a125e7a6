import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { createWorld, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const enabled = { state: { wanted: 'enabled' } } as const;
const refused = new Failure('firewall', 'Cannot commit: the kernel refuses', 'None');
const fails = () => {
	throw refused;
};

test('a stop takes the rules away, then lets Envoy end, then takes away what its connections needed', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { steps, host } = daemon.world;
	host.redirected = 1;
	steps.length = 0;
	await daemon.stop();
	const order = steps.filter((step) => !step.includes('ipv6') && !/-route/.test(step));
	const envoyAt = order.indexOf('envoy stopped');
	assert.ok(order.indexOf('commit ipv4') < order.indexOf('remove-rule ipv4'), order.join());
	assert.ok(order.indexOf('remove-rule ipv4') < envoyAt, order.join());
	assert.deepEqual(order.slice(envoyAt + 1), ['conntrack of 15000,15001 dropped', 'commit ipv4']);
	assert.equal(host.hasOurs(), false);
	assert.equal(daemon.logged.at(-1), 'stopped');
});

test('with onStop keep, rules and Envoy stay for the next daemon', async () => {
	await using daemon = await startDaemonOnFakes({ ...enabled, settings: 'onStop: keep\n' });
	const { steps, host } = daemon.world;
	steps.length = 0;
	await daemon.stop();
	assert.deepEqual(steps, ['envoy left']);
	assert.ok(host.isCapturing());
});

test('a daemon that is being stopped refuses to switch the rules on or off', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const gate = Promise.withResolvers<void>();
	daemon.world.host.onCommit = () => gate.promise;
	const stopping = daemon.stop();
	await settled();
	const why = { code: 'not-running', message: /the daemon is being stopped/ };
	await assert.rejects(daemon.ask.enable(), why);
	await assert.rejects(daemon.ask.disable(), why);
	gate.resolve();
	await stopping;
	await assert.rejects(daemon.ask.revert(), why);
	assert.equal(daemon.world.host.hasOurs(), false);
	assert.equal(daemon.world.stores.state.wanted, 'enabled', 'the next start goes on as before');
});

test('a change that is under way when the daemon is told to end comes to its end, and is taken back', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	const gate = Promise.withResolvers<void>();
	host.onCommit = () => gate.promise;
	const enabling = daemon.ask.enable();
	await settled();
	const next = daemon.ask.enable();
	const stopping = daemon.stop();
	next.catch(() => undefined);
	await settled();
	gate.resolve();
	await stopping;
	await enabling;
	await assert.rejects(next, { code: 'not-running' });
	assert.equal(host.hasOurs(), false);
});

test('a disable that waits for its turn is refused where a stop has come before it', async () => {
	await using daemon = await startDaemonOnFakes();
	const gate = Promise.withResolvers<void>();
	daemon.world.host.onCommit = () => gate.promise;
	const enabling = daemon.ask.enable();
	const disabling = daemon.ask.disable();
	disabling.catch(() => undefined);
	await settled();
	const stopping = daemon.stop();
	gate.resolve();
	await Promise.all([enabling, stopping]);
	await assert.rejects(disabling, { code: 'not-running' });
	assert.equal(daemon.world.stores.state.wanted, 'enabled');
});

test('an Envoy stays where the rules that lead to it cannot be taken away', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { steps, host } = daemon.world;
	host.onCommit = fails;
	await assert.rejects(daemon.stop(), /kernel refuses/);
	assert.ok(steps.includes('envoy left'));
	assert.ok(!steps.includes('envoy stopped'));
});

test('where Envoy cannot be stopped, nothing of ours is left all the same', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	daemon.world.host.redirected = 1;
	daemon.world.envoy.onStop = () => {
		throw new Failure('docker', 'Cannot stop Envoy: Docker does not answer', 'Start Docker');
	};
	await assert.rejects(daemon.stop(), /Docker does not answer/);
	assert.equal(daemon.world.host.hasOurs(), false);
});

test("with somebody else's Envoy, captured connections have their time to end", async () => {
	await using daemon = await startDaemonOnFakes({
		onWorld: (world) => Object.assign(world, { settings: 'startEnabled: 1\nappPorts: 8080\n' }),
	});
	const { host, steps } = daemon.world;
	host.redirected = 1;
	const stopping = daemon.stop();
	const isStopped = stopping.then(() => true);
	await settled();
	assert.ok(host.hasOurs() && !host.isCapturing());
	assert.equal(await Promise.race([isStopped, settled().then(() => false)]), false);
	host.redirected = 0;
	await stopping;
	assert.equal(steps.includes('envoy stopped'), false);
	assert.equal(host.hasOurs(), false);
});

test('a stop while nothing of ours is on leaves what another turnout has there', async () => {
	await using daemon = await startDaemonOnFakes();
	daemon.world.host.nft.edit('ipv4', '*nat\n:APPMESH_EGRESS - [0:0]\nCOMMIT\n');
	await daemon.stop();
	assert.ok(daemon.world.host.hasOurs());
});

test('what is under way beside the changes of rules does not change them once the daemon is told to end', async () => {
	await using daemon = await startDaemonOnFakes({ settings: 'onStop: keep\n' });
	const gate = Promise.withResolvers<void>();
	daemon.world.onDropStale = () => gate.promise;
	await daemon.ask.enable();
	await daemon.world.clock.advance(1_000);
	await daemon.stop();
	const before = daemon.world.host.nft.text();
	gate.resolve();
	await settled();
	assert.equal(daemon.world.host.nft.text(), before);
});

test('nothing happens any more by itself once the daemon has stopped', async () => {
	const world = createWorld();
	await using daemon = await startDaemonOnFakes({ world });
	await daemon.ask.enable({ confirmSeconds: 10 });
	await daemon.stop();
	const [steps, { pending }] = [[...world.steps], world.stores];
	assert.equal(world.clock.timers(), 0);
	await world.clock.advance(120_000);
	assert.deepEqual(world.steps, steps);
	assert.equal(world.clock.timers(), 0);
	assert.ok(pending !== undefined, 'what waits for confirmation waits for the next daemon');
});

test('with onStop keep, nothing happens any more by itself either', async () => {
	await using daemon = await startDaemonOnFakes({ settings: 'onStop: keep\n' });
	const { steps, clock } = daemon.world;
	await daemon.ask.enable();
	await daemon.stop();
	const before = [...steps];
	await clock.advance(120_000);
	assert.deepEqual(steps, before, 'the rest of the rules, and connections of before, are left to the next daemon');
});

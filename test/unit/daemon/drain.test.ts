import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const enabled = { state: { wanted: 'enabled' } } as const;

test('captured connections go on after disable, and what they need goes with the last of them', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, steps, clock } = daemon.world;
	host.redirected = 1;
	const { status } = await daemon.ask.disable();
	assert.equal(status.is, 'disabled');
	assert.deepEqual([host.isCapturing(), host.hasOurs()], [false, true]);
	await clock.advance(60_000);
	assert.equal(host.hasOurs(), true);
	steps.length = 0;
	host.redirected = 0;
	await clock.advance(1_000);
	assert.deepEqual(steps, ['conntrack of 15000,15001 dropped', 'commit ipv4']);
	assert.equal(host.hasOurs(), false);
	assert.equal(clock.timers(), 2, 'nobody looks any more, but who watches the host');
});

test('a second disable adds no second poller', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, clock } = daemon.world;
	host.redirected = 1;
	await daemon.ask.disable();
	const timers = clock.timers();
	await daemon.ask.disable();
	assert.equal(clock.timers(), timers);
});

test('disable answers where connections cannot be counted, which is told, and tried again', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, clock } = daemon.world;
	host.redirected = new Error('netlink is away');
	assert.equal((await daemon.ask.disable()).status.is, 'disabled');
	assert.ok(daemon.logged.includes('warn: what is left could not be taken away'));
	host.redirected = 0;
	await clock.advance(1_000);
	assert.equal(host.hasOurs(), false);
});

test('that ended connections cannot be dropped from conntrack keeps nothing from being taken away', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	daemon.world.onDropRedirected = () => {
		throw new Error('netlink is away');
	};
	await daemon.ask.disable();
	assert.equal(daemon.world.host.hasOurs(), false);
	assert.ok(daemon.logged.includes('warn: ended connections could not be forgotten'));
});

test('rules that are switched on again in the middle of a drain stay', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, clock } = daemon.world;
	host.redirected = 1;
	await daemon.ask.disable();
	await daemon.ask.enable();
	host.redirected = 0;
	await clock.advance(10_000);
	assert.ok(host.isCapturing());
	host.redirected = 1;
	await daemon.ask.disable();
	host.redirected = 0;
	await clock.advance(1_000);
	assert.equal(host.hasOurs(), false, 'and the next drain ends as the first would have');
});

test('disable with a drain time answers when the last connection has ended, or how many are left', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	host.redirected = 2;
	assert.equal((await daemon.ask.disable({ drainSeconds: 0.01 })).open, 2);
	assert.ok(host.hasOurs());
	host.redirected = 0;
	const { open, status } = await daemon.ask.disable({ drainSeconds: 60 });
	assert.deepEqual([open, status.is], [0, 'disabled']);
	assert.equal(host.hasOurs(), false);
});

test('a drain that is asked for while the daemon is being stopped leaves the rest to the stop', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, steps } = daemon.world;
	host.redirected = 1;
	const disabling = daemon.ask.disable({ drainSeconds: 0.2 });
	await settled();
	daemon.world.envoy.onStop = () => {
		host.redirected = 0;
	};
	await daemon.stop();
	steps.length = 0;
	await disabling;
	assert.deepEqual(steps, []);
});

test('after a reload that moves Envoy, connections to its former ports are waited for too', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { steps } = daemon.world;
	daemon.world.settings += 'egressPort: 16001\n';
	await daemon.ask.reload();
	await daemon.ask.disable();
	assert.ok(steps.includes('conntrack of 15000,15001,16001 dropped'), steps.join());
});

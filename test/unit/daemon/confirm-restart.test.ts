import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreCheckpoint } from '../../../src/reconcile/checkpoint.ts';
import { createWorld, type DaemonOnFakes, startDaemonOnFakes, type World } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const signal = AbortSignal.timeout(600_000);
const isOf = async ({ ask }: DaemonOnFakes) => (await ask.status()).is;
const LATE_MS = 3_000;

/** As `turnout revert` does it where the daemon does not answer. */
async function rollBackElsewhere({ host, stores }: World): Promise<void> {
	const { pending } = stores;
	assert.ok(pending !== undefined);
	if (pending.before.wanted === 'disabled') await restoreCheckpoint(host.host, pending, signal);
	stores.state = { ...stores.state, ...pending.before };
	stores.pending = { ...pending, isReverted: true };
}

/** A daemon that was killed after `enable --confirm`. */
async function killedWhileWaiting(): Promise<World> {
	const world = createWorld();
	await using daemon = await startDaemonOnFakes({ world });
	await daemon.ask.enable({ confirmSeconds: 60 });
	world.clock.cancelAll();
	return world;
}

test('a rollback that was made while the daemon did not answer is taken over by the next status', async () => {
	await using daemon = await startDaemonOnFakes();
	await daemon.ask.enable({ confirmSeconds: 60 });
	await rollBackElsewhere(daemon.world);
	const { is, wanted, confirmUntil } = await daemon.ask.status();
	assert.deepEqual([is, wanted, confirmUntil], ['disabled', 'disabled', undefined]);
	assert.equal(daemon.world.stores.pending, undefined);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1);
});

test('a rollback that was made elsewhere is not undone by the repair of rules', async () => {
	await using daemon = await startDaemonOnFakes();
	await daemon.ask.enable({ confirmSeconds: 60 });
	await daemon.world.clock.advance(1_000);
	await rollBackElsewhere(daemon.world);
	daemon.changed();
	await daemon.world.clock.advance(1_000);
	assert.equal(daemon.world.host.isCapturing(), false);
	assert.equal(daemon.counters.read().repairs.rules, 0);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1);
});

test('a daemon that was halted in the middle of enable does not switch the rules on again after a rollback', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	await rollBackElsewhere(daemon.world);
	host.onCommit = () => {
		throw new Error('rules were committed');
	};
	// The rest of the rules was due 300 ms after the first.
	await clock.advance(1_000);
	host.onCommit = () => undefined;
	assert.equal(host.isCapturing(), false);
	assert.ok(!daemon.logged.some((event) => event.startsWith('warn: only')), daemon.logged.join());
	assert.equal(await isOf(daemon), 'disabled');
});

test('a daemon that was halted in the middle of a check goes back too, and tells of no repair', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	await clock.advance(1_000);
	let isHalted = true;
	host.onRead = async () => {
		if (!isHalted) return;
		isHalted = false;
		await rollBackElsewhere(daemon.world);
	};
	daemon.changed({ isOwn: true });
	await clock.advance(10);
	assert.equal(isHalted, false);
	assert.equal(host.isCapturing(), false);
	assert.equal(daemon.counters.read().repairs.rules, 0);
});

test('rules that waited for Envoy stay off where the time to confirm them ended while the daemon was halted', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, envoy, host } = daemon.world;
	await clock.advance(1_000);
	envoy.fail();
	await daemon.ask.enable({ confirmSeconds: 60 });
	await rollBackElsewhere(daemon.world);
	envoy.live();
	await clock.advance(1_000);
	assert.equal(host.isCapturing(), false);
	assert.equal(await isOf(daemon), 'disabled');
});

test('confirm after a rollback that was made elsewhere comes too late, and says so', async () => {
	await using daemon = await startDaemonOnFakes();
	await daemon.ask.enable({ confirmSeconds: 60 });
	await rollBackElsewhere(daemon.world);
	await assert.rejects(daemon.ask.confirm(), { code: 'confirm', message: /Cannot confirm: the time for .* is over/ });
	assert.equal(await isOf(daemon), 'disabled');
});

for (const verb of ['enable', 'reload'] as const)
	test(`${verb} --confirm that takes longer than its time says so, and does not hold`, async () => {
		await using daemon = await startDaemonOnFakes({ state: { wanted: verb === 'enable' ? 'disabled' : 'enabled' } });
		const { host, stores } = daemon.world;
		daemon.world.settings += 'egressIgnoredPorts: 2222\n';
		host.onCommit = () => {
			if (stores.pending !== undefined) stores.pending = { ...stores.pending, isReverted: true };
		};
		await assert.rejects(daemon.ask[verb]({ confirmSeconds: 60 }), {
			code: 'confirm',
			message: `Cannot ${verb}: the time for \`turnout confirm\` is over, and everything is as it was before`,
			remedy: verb === 'reload' ? 'Reload anew, with more time' : 'Enable anew, with more time',
		});
		host.onCommit = () => undefined;
		assert.equal(await isOf(daemon), verb === 'enable' ? 'disabled' : 'enabled');
		assert.doesNotMatch(host.nft.text(), /2222/);
	});

test('after a restart the rest of the time is waited for', async () => {
	const world = await killedWhileWaiting();
	await world.clock.advance(20_000);
	await using daemon = await startDaemonOnFakes({ world });
	assert.equal(await isOf(daemon), 'enabled');
	assert.deepEqual([...world.stores.timers], [['timer 2', 40]]);
	await world.clock.advance(40_000 + LATE_MS - 1);
	assert.equal(await isOf(daemon), 'enabled');
	await world.clock.advance(1);
	assert.equal(await isOf(daemon), 'disabled');
});

test('a time that was over before the restart is over: what was before holds', async () => {
	const world = await killedWhileWaiting();
	await world.clock.advance(60_000);
	await using daemon = await startDaemonOnFakes({ world });
	assert.equal(await isOf(daemon), 'disabled');
	assert.deepEqual([world.stores.state.wanted, world.stores.pending], ['disabled', undefined]);
	assert.equal(world.host.hasOurs(), false);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1);
});

test('a rollback that was made while no daemon ran holds after the restart', async () => {
	const world = await killedWhileWaiting();
	await rollBackElsewhere(world);
	await using daemon = await startDaemonOnFakes({ world });
	assert.equal(await isOf(daemon), 'disabled');
	assert.equal(world.stores.pending, undefined);
	await settled();
	assert.equal(world.host.hasOurs(), false);
});

test('reload --confirm goes back to the settings of before, and tells what a restart would read', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 2222\n';
	assert.deepEqual((await ask.reload({ confirmSeconds: 60 })).changed, ['egressIgnoredPorts']);
	assert.match(world.host.nft.text(), /2222/);
	await world.clock.advance(60_000 + LATE_MS);
	assert.doesNotMatch(world.host.nft.text(), /2222/);
	const { conditions, is } = await ask.status();
	assert.equal(is, 'enabled');
	assert.match(JSON.stringify(conditions.find(({ subject }) => subject === 'settings')), /egressIgnoredPorts was not/);
	assert.equal(world.envoy.changes.length, 2, 'Envoy follows');
	await ask.reload();
	assert.match(world.host.nft.text(), /2222/);
	assert.equal(
		(await ask.status()).conditions.find(({ subject }) => subject === 'settings'),
		undefined,
	);
});

test('ports of Envoy go back once Envoy has, and rules lead to where it is meanwhile', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	const { world, ask } = daemon;
	world.settings += 'egressPort: 16001\n';
	await ask.reload({ confirmSeconds: 60 });
	const gate = Promise.withResolvers<void>();
	world.envoy.onReplace = () => gate.promise;
	await world.clock.advance(60_000 + LATE_MS);
	assert.match(world.host.nft.text(), /--to-ports 16001/);
	gate.resolve();
	await settled();
	assert.match(world.host.nft.text(), /--to-ports 15001/);
	assert.equal((await ask.status()).is, 'enabled');
});

test('an Envoy that cannot follow the settings of before is told of', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	const { world, ask, logged } = daemon;
	world.settings += 'egressIgnoredPorts: 2222\n';
	await ask.reload({ confirmSeconds: 60 });
	world.envoy.onReplace = () => Promise.reject(new Error('no image'));
	await world.clock.advance(60_000 + LATE_MS);
	assert.ok(logged.includes('error: Envoy could not follow the settings of before'), logged.join());
	assert.equal((await ask.status()).is, 'enabled');
});

test('a plain reload takes settings that waited for confirmation for good', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' } });
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 2222\n';
	await ask.reload({ confirmSeconds: 60 });
	await ask.reload();
	await world.clock.advance(120_000);
	assert.match(world.host.nft.text(), /2222/);
	assert.equal(world.stores.timers.size, 0);
});

test('a plain reload leaves an enable that waits for confirmation waiting', async () => {
	await using daemon = await startDaemonOnFakes();
	const { world, ask } = daemon;
	await ask.enable({ confirmSeconds: 60 });
	await ask.reload();
	await world.clock.advance(60_000 + LATE_MS);
	assert.equal(await isOf(daemon), 'disabled');
});

test('settings that nobody has confirmed do not take hold by a restart', async () => {
	const world = createWorld({ state: { wanted: 'enabled' } });
	await using former = await startDaemonOnFakes({ world });
	world.settings += 'egressIgnoredPorts: 2222\n';
	await former.ask.reload({ confirmSeconds: 60 });
	await rollBackElsewhere(world);
	await using daemon = await former.next();
	assert.doesNotMatch(world.host.nft.text(), /2222/);
	assert.match(JSON.stringify((await daemon.ask.status()).conditions), /egressIgnoredPorts was not confirmed/);
});

test('settings that this host does not take any more keep nobody from a start', async () => {
	const world = createWorld({ state: { wanted: 'enabled' } });
	await using former = await startDaemonOnFakes({ world });
	await former.ask.reload({ confirmSeconds: 60 });
	const { pending } = world.stores;
	assert.ok(pending !== undefined);
	world.stores.pending = { ...pending, isReverted: true, settings: { appPorts: { text: 'none', origin: 'a file' } } };
	await using daemon = await former.next();
	assert.equal(await isOf(daemon), 'enabled');
	assert.ok(daemon.logged.some((event) => event.startsWith('error: the settings of before')));
});

test('with the rules off, reload --confirm brings back the settings and leaves the rules off', async () => {
	await using daemon = await startDaemonOnFakes();
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 2222\n';
	await ask.reload({ confirmSeconds: 60 });
	await world.clock.advance(60_000 + LATE_MS);
	assert.equal(await isOf(daemon), 'disabled');
	await ask.enable();
	assert.doesNotMatch(world.host.nft.text(), /2222/);
});

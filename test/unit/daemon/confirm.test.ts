import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { type DaemonOnFakes, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const enabled = { state: { wanted: 'enabled', since: '2026-11-22T00:00:00.000Z' } } as const;
const fails = () => {
	throw new Failure('firewall', 'Cannot commit: the kernel refuses', 'None');
};
const isOf = async ({ ask }: DaemonOnFakes) => (await ask.status()).is;
const conditionOf = async ({ ask }: DaemonOnFakes, subject: string) =>
	(await ask.status()).conditions.find((condition) => condition.subject === subject);

/** The timer of systemd comes first; three seconds later the daemon goes back by itself. */
const LATE_MS = 3_000;

test('enable --confirm goes back to what was before, unless it is confirmed in time', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host, stores } = daemon.world;
	await clock.advance(1_000);
	const timers = clock.timers();
	const { confirmUntil, is } = await daemon.ask.enable({ confirmSeconds: 60 });
	assert.ok(daemon.logged.includes('waiting for confirmation'));
	assert.equal(is, 'enabled');
	assert.equal(confirmUntil, new Date(clock.dateMs() + 60_000).toISOString());
	assert.deepEqual([...stores.timers], [['timer 1', 60]]);
	assert.deepEqual(stores.lastArguments.slice(-2), ['--until', confirmUntil]);
	await clock.advance(60_000 + LATE_MS - 1);
	assert.equal(await isOf(daemon), 'enabled');
	await clock.advance(1);
	assert.equal(await isOf(daemon), 'disabled');
	assert.equal(host.hasOurs(), false);
	assert.deepEqual([stores.state.wanted, stores.pending], ['disabled', undefined]);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1);
	assert.equal((await daemon.ask.status()).confirmUntil, undefined);
	assert.ok(daemon.logged.includes('warn: not confirmed in time: back to what was before'));
	await clock.advance(1_000);
	assert.equal(clock.timers(), timers);
});

test('connections that were captured meanwhile go on after the rollback', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	host.redirected = 1;
	await clock.advance(60_000 + LATE_MS);
	assert.deepEqual([host.isCapturing(), host.hasOurs()], [false, true]);
	host.redirected = 0;
	await clock.advance(1_000);
	assert.equal(host.hasOurs(), false);
});

test('what is confirmed stays, and nothing goes back any more', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, stores } = daemon.world;
	await clock.advance(1_000);
	await daemon.ask.enable({ confirmSeconds: 60 });
	const timers = clock.timers();
	assert.equal((await daemon.ask.confirm()).confirmUntil, undefined);
	assert.equal(clock.timers(), timers - 1);
	assert.ok(daemon.logged.includes('confirmed'));
	assert.deepEqual([stores.timers.size, stores.pending], [0, undefined]);
	await clock.advance(120_000);
	assert.equal(await isOf(daemon), 'enabled');
	await assert.rejects(daemon.ask.confirm(), { code: 'confirm', message: /nothing waits/ });
	await assert.rejects(daemon.ask.revert(), { code: 'confirm', message: /nothing waits/ });
});

for (const [verb, again] of [
	['enable', ({ ask }: DaemonOnFakes) => ask.enable()],
	['disable', ({ ask }: DaemonOnFakes) => ask.disable()],
] as const)
	test(`${verb} without a time holds for good, whatever waited for confirmation`, async () => {
		await using daemon = await startDaemonOnFakes();
		const { clock, stores } = daemon.world;
		await daemon.ask.enable({ confirmSeconds: 60 });
		await again(daemon);
		assert.equal(stores.timers.size, 0);
		assert.equal((await daemon.ask.status()).confirmUntil, undefined);
		await clock.advance(120_000);
		assert.equal(await isOf(daemon), `${verb}d`);
		assert.equal(stores.pending, undefined);
	});

test('a second enable --confirm starts the time anew, and still goes back to what was before the first', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, stores, steps } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	await clock.advance(30_000);
	const armed = clock.timers();
	await daemon.ask.enable({ confirmSeconds: 60 });
	assert.equal(clock.timers(), armed);
	assert.deepEqual([...stores.timers.keys()], ['timer 2']);
	assert.ok(steps.indexOf('timer 2 set') < steps.indexOf('timer 1 cancelled'), 'there is always one');
	await clock.advance(59_000);
	assert.equal(await isOf(daemon), 'enabled');
	await clock.advance(1_000 + LATE_MS);
	assert.equal(await isOf(daemon), 'disabled');
});

test('an enable --confirm that fails leaves no time behind, unless one was running before', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, stores } = daemon.world;
	host.onCommit = fails;
	await assert.rejects(daemon.ask.enable({ confirmSeconds: 60 }), /kernel refuses/);
	assert.deepEqual([stores.timers.size, stores.pending], [0, undefined]);
	host.onCommit = () => undefined;
	await daemon.ask.enable({ confirmSeconds: 60 });
	host.nft.edit('ipv4', '*nat\n-F OUTPUT\nCOMMIT\n');
	host.onCommit = fails;
	await assert.rejects(daemon.ask.enable({ confirmSeconds: 60 }), /kernel refuses/);
	assert.equal(stores.timers.size, 1);
	assert.ok(stores.pending !== undefined);
});

test('nothing is switched on where the way back cannot be written down', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, stores } = daemon.world;
	stores.isFull = true;
	await assert.rejects(daemon.ask.enable({ confirmSeconds: 60 }), { code: 'state' });
	assert.deepEqual([host.hasOurs(), stores.timers.size], [false, 0]);
});

test('a rollback that fails is told once, tried again with growing pauses, and shown in status until it succeeds', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	await clock.advance(1_000);
	const tries: number[] = [];
	host.onCommit = () => {
		tries.push(clock.nowMs());
		fails();
	};
	await clock.advance(59_000 + LATE_MS + 250 + 500 + 1_000);
	const [first = 0] = tries;
	assert.deepEqual(
		[...new Set(tries)].map((ms) => ms - first),
		[0, 250, 750, 1_750],
	);
	assert.equal(daemon.logged.filter((event) => event === 'error: could not go back').length, 1);
	assert.match(JSON.stringify(await conditionOf(daemon, 'confirm')), /kernel refuses/);
	host.onCommit = () => undefined;
	await clock.advance(2_000);
	assert.equal(await conditionOf(daemon, 'confirm'), undefined);
	assert.equal(await isOf(daemon), 'disabled');
});

test('whoever says anew what is wanted ends a rollback that fails', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	host.onCommit = fails;
	await clock.advance(60_000 + LATE_MS);
	host.onCommit = () => undefined;
	await daemon.ask.confirm();
	await clock.advance(120_000);
	assert.equal(await isOf(daemon), 'enabled');
	assert.equal(await conditionOf(daemon, 'confirm'), undefined);
});

test('a new time ends a rollback that fails, too', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	host.onCommit = fails;
	await clock.advance(60_000 + LATE_MS);
	host.onCommit = () => undefined;
	assert.notEqual(await conditionOf(daemon, 'confirm'), undefined);
	await daemon.ask.enable({ confirmSeconds: 60 });
	assert.equal(await conditionOf(daemon, 'confirm'), undefined);
});

test('what is confirmed needs no disk to stay', async () => {
	await using daemon = await startDaemonOnFakes();
	daemon.world.stores.durable = new Promise(() => undefined);
	await daemon.ask.enable({ confirmSeconds: 60 });
	await daemon.ask.confirm();
	assert.equal(daemon.world.stores.pending, undefined);
});

test('enable --confirm while the rules are on goes back to on', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	await daemon.ask.enable({ confirmSeconds: 60 });
	await daemon.world.clock.advance(60_000 + LATE_MS);
	const { is, since } = await daemon.ask.status();
	assert.deepEqual([is, since], ['enabled', enabled.state.since]);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1);
});

test('rules of the 2019 script that were there before come back, and stay', async () => {
	await using daemon = await startDaemonOnFakes();
	const { clock, host, stores } = daemon.world;
	const script = '*nat\n:APPMESH_EGRESS - [0:0]\n-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001\n';
	host.nft.edit('ipv4', `${script}-A OUTPUT -p tcp -j APPMESH_EGRESS\nCOMMIT\n`);
	const before = host.nft.text();
	await daemon.ask.enable({ confirmSeconds: 60 });
	assert.notEqual(host.nft.text(), before);
	await clock.advance(60_000 + LATE_MS);
	assert.equal(stores.state.wanted, 'disabled');
	const rules = (text: string) => text.match(/^\[0:0\] -A .*$/gm);
	assert.deepEqual(rules(host.nft.text()), rules(before));
	daemon.changed();
	await clock.advance(120_000);
	assert.deepEqual(rules(host.nft.text()), rules(before), 'they are not taken for restored ones of ours');
	await daemon.stop();
	assert.deepEqual(rules(host.nft.text()), rules(before), 'nor taken away by a stop');
});

test('what waits for confirmation is not lost by a power cut before the disk has what holds instead', async () => {
	await using daemon = await startDaemonOnFakes();
	const { stores } = daemon.world;
	await daemon.ask.enable({ confirmSeconds: 60 });
	const durable = Promise.withResolvers<void>();
	stores.durable = durable.promise;
	await daemon.ask.disable();
	assert.ok(stores.pending !== undefined);
	durable.resolve();
	await settled();
	assert.equal(stores.pending, undefined);
});

test('a file of what waited that cannot be removed is told of, and harms nothing', async () => {
	await using daemon = await startDaemonOnFakes();
	await daemon.ask.enable({ confirmSeconds: 60 });
	daemon.world.stores.isFull = true;
	assert.equal((await daemon.ask.confirm()).is, 'enabled');
	assert.ok(daemon.logged.includes('warn: what waited for confirmation could not be removed'));
});

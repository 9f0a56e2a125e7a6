import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { programs } from '../../../src/firewall/foreign/known-programs.ts';
import { createWorld, startDaemonOnFakes, type World } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const enabled = { state: { wanted: 'enabled' } } as const;
const predecessor = programs.filter(({ name }) => name === 'the 2019 script')[0] ?? assert.fail();
const first = (steps: readonly string[], start: string): number => steps.findIndex((step) => step.startsWith(start));

test('what was said last holds after a restart of the daemon', async () => {
	await using off = await startDaemonOnFakes();
	assert.ok(!off.world.steps.includes('stale conntrack dropped'));
	assert.equal((await off.ask.status()).is, 'disabled');
	await off.ask.enable();
	await off.stop();
	await using on = await off.next();
	const { is, since } = await on.ask.status();
	assert.equal(is, 'enabled');
	assert.equal(since, on.world.stores.state.since);
});

describe('a host on which the 2019 script captures', () => {
	const others = [{ program: predecessor, tools: ['iptables-nft'] }];
	const script = `*nat
:APPMESH_EGRESS - [0:0]
-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001
-A OUTPUT -p tcp -j APPMESH_EGRESS
COMMIT
`;
	const onWorld = (world: World) => {
		world.others = others;
		world.host.nft.edit('ipv4', script);
	};

	test('is left as it is at the start and at the stop, and status says whose rules these are', async () => {
		await using daemon = await startDaemonOnFakes({ onWorld });
		const { host, steps } = daemon.world;
		const before = host.nft.text();
		const { is, conditions } = await daemon.ask.status();
		assert.equal(is, 'degraded');
		const rules = conditions.find(({ subject }) => subject === 'rules');
		assert.match(rules?.ok === false ? rules.why : '', /^the 2019 script redirects connections here/);
		await daemon.stop();
		assert.equal(host.nft.text(), before);
		assert.ok(!steps.some((step) => step.startsWith('commit')));
	});

	test('is captured by us once that is asked for, and others are told no more', async () => {
		await using daemon = await startDaemonOnFakes({ onWorld });
		const status = await daemon.ask.enable();
		assert.deepEqual([status.is, status.others], ['enabled', undefined]);
		assert.doesNotMatch(daemon.world.host.nft.text(), /-A OUTPUT -p tcp -j APPMESH_EGRESS/);
	});

	test('is freed of all that bears our names where nobody knows whose they are', async () => {
		await using daemon = await startDaemonOnFakes({ onWorld: ({ host }) => host.nft.edit('ipv4', script) });
		assert.equal(daemon.world.host.hasOurs(), false);
	});
});

test('startEnabled holds whatever was said last', async () => {
	await using daemon = await startDaemonOnFakes({ settings: 'startEnabled: 1\n', state: { wanted: 'disabled' } });
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('rules are not there before Envoy is LIVE, and its routes are there before them', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { steps } = daemon.world;
	assert.ok(first(steps, 'envoy live') < first(steps, 'add-'), steps.join());
	assert.ok(first(steps, 'add-') < first(steps, 'commit'), steps.join());
	assert.ok(daemon.logged.includes('ready'));
	assert.equal(daemon.counters.read().ruleChanges.start, 1);
});

test('while Envoy is not LIVE yet, enabled rules wait for it', async () => {
	await using daemon = await startDaemonOnFakes({
		isStarting: true,
		onWorld: ({ envoy }) => Object.assign(envoy, { onStart: 'waits' }),
	});
	const { envoy, host } = daemon.world;
	assert.equal((await daemon.ask.enable()).is, 'waiting');
	assert.equal(host.hasOurs(), false);
	envoy.live();
	await daemon.starting;
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('an Envoy that was left running takes over with the rules, which are whole when the daemon is ready', async () => {
	await using daemon = await startDaemonOnFakes({
		...enabled,
		onWorld: ({ envoy }) => Object.assign(envoy, { onStart: 'adopts' }),
	});
	const { steps, host, clock } = daemon.world;
	assert.ok(host.isCapturing());
	assert.match(host.nft.text(), /! --tcp-flags/);
	await clock.advance(5_000);
	assert.equal(steps.filter((step) => step === 'stale conntrack dropped').length, 1);
});

test('a start that begins with the rules off takes away what a former daemon has left', async () => {
	await using former = await startDaemonOnFakes(enabled);
	former.world.stores.state = { wanted: 'disabled' };
	await using daemon = await former.next();
	assert.equal(daemon.world.host.hasOurs(), false);
});

test('a daemon that begins with the rules off leaves those of another turnout that runs here', async () => {
	await using neighbour = await startDaemonOnFakes(enabled);
	neighbour.world.stores.state = { wanted: 'disabled' };
	neighbour.world.hasNeighbour = true;
	const before = neighbour.world.host.nft.text();
	await using daemon = await neighbour.next();
	daemon.changed();
	await daemon.world.clock.advance(5_000);
	assert.equal(daemon.world.host.nft.text(), before);
	daemon.world.hasNeighbour = false;
	daemon.changed();
	await daemon.world.clock.advance(5_000);
	await daemon.stop();
	assert.equal(daemon.world.host.nft.text(), before, 'nor are they taken away later');
});

test('a start that fails leaves the host as it was found', async () => {
	await using former = await startDaemonOnFakes(enabled);
	const { host, envoy, steps } = former.world;
	const before = host.nft.text();
	envoy.onStart = new Failure('image', 'Cannot start Envoy: there is no such image', 'Name another');
	host.listeners = [];
	await using daemon = await former.next({ isStarting: true });
	await assert.rejects(daemon.starting, /no such image/);
	await daemon.stop();
	assert.equal(host.nft.text(), before);
	assert.equal(steps.at(-1), 'envoy stopped');
});

test('a daemon that is told to end while it starts takes away rules that lead to nobody', async () => {
	for (const isSomebodyThere of [true, false]) {
		const world = createWorld(enabled);
		await using former = await startDaemonOnFakes({ world });
		world.envoy.fail();
		world.envoy.onStart = 'waits';
		if (!isSomebodyThere) world.host.listeners = [];
		await using daemon = await former.next({ isStarting: true });
		await daemon.stop();
		assert.equal(world.host.hasOurs(), isSomebodyThere);
	}
});

test('rules that were found whole stay whole, and connections of before are dropped from conntrack all the same', async () => {
	await using former = await startDaemonOnFakes(enabled);
	const { world } = former;
	await world.clock.advance(1_000);
	const before = world.host.nft.text();
	world.steps.length = 0;
	await using daemon = await former.next();
	assert.equal(daemon.world.host.nft.text(), before);
	await world.clock.advance(1_000);
	assert.ok(world.steps.includes('stale conntrack dropped'));
});

test('rules that were switched on before the start failed are taken away by the stop', async () => {
	const world = createWorld(enabled);
	world.envoy.onStart = 'adopts';
	world.host.onCommit = () => {
		world.host.onRead = (dialect) => {
			if (world.host.isCapturing() && dialect === 'iptables-nft') reads += 1;
			if (reads === 6) throw new Failure('firewall', 'Cannot read the rules', 'None');
		};
	};
	let reads = 0;
	await using daemon = await startDaemonOnFakes({ world, isStarting: true });
	await assert.rejects(daemon.starting, /Cannot read the rules/);
	assert.ok(world.host.isCapturing());
	world.host.onCommit = () => undefined;
	world.host.onRead = () => undefined;
	await daemon.stop();
	assert.equal(world.host.hasOurs(), false);
});

test('rules that wait for their turn in a start are not switched on once the daemon is told to end', async () => {
	const world = createWorld({ ...enabled, settings: '  graceSeconds: 1\nonEnvoyFailure: open\n' });
	await using former = await startDaemonOnFakes({ world });
	world.envoy.fail();
	world.envoy.onStart = 'waits';
	await using daemon = await former.next({ isStarting: true });
	former.world.clock.cancelAll();
	world.envoy.silent();
	world.envoy.fail();
	const gate = Promise.withResolvers<void>();
	world.host.onCommit = () => gate.promise;
	await world.clock.advance(1_000);
	world.envoy.live();
	await settled();
	const stopping = daemon.daemon.stop();
	gate.resolve();
	await Promise.all([stopping, daemon.starting]);
	assert.equal(world.host.isCapturing(), false);
});

test('a state that can never be written ends the start before anything is changed', async () => {
	await using daemon = await startDaemonOnFakes({
		isStarting: true,
		onWorld: ({ stores }) =>
			Object.assign(stores.stateStore, {
				write: () => ({ failure: new Failure('state', 'Cannot write /s: it is no folder', ''), isTransient: false }),
			}),
	});
	await assert.rejects(daemon.starting, /no folder/);
	assert.deepEqual(daemon.world.steps, []);
});

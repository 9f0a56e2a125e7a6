import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';
import { openTo } from '../../support/memory-host.ts';

const enabled = { state: { wanted: 'enabled', since: '2026-11-22T00:00:00.000Z' } } as const;
const fails = () => {
	throw new Failure('firewall', 'Cannot commit: the kernel refuses', 'None');
};
const times = (steps: readonly string[], step: string): number => steps.filter((each) => each === step).length;

test('enable is remembered before the rules are on, so that a restart goes on with it', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, stores, clock } = daemon.world;
	await clock.advance(5_000);
	const seen: unknown[] = [];
	host.onCommit = () => void seen.push(stores.state.wanted);
	const status = await daemon.ask.enable();
	assert.deepEqual([...new Set(seen)], ['enabled']);
	assert.equal(status.is, 'enabled');
	assert.equal(status.since, new Date(clock.dateMs()).toISOString());
	assert.equal(daemon.counters.read().ruleChanges.enable, 1);
	assert.ok(daemon.world.steps.includes("others' rules read"));
});

test('enable after disable commits first, and reads back what it has committed', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	await daemon.ask.disable();
	const done: string[] = [];
	host.onRead = () => void done.push('read');
	host.onCommit = () => void done.push('commit');
	await daemon.ask.enable();
	assert.equal(done[0], 'commit');
	assert.ok(done.includes('read'));
});

test('enable ends with what is wanted also where somebody has put chains of these names there since disable', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	await daemon.ask.disable();
	const dump = ['*nat', ':APPMESH_EGRESS - [0:0]', '-A OUTPUT -p tcp -j APPMESH_EGRESS', '-A APPMESH_EGRESS -j ACCEPT'];
	host.nft.edit('ipv4', `${dump.join('\n')}\nCOMMIT\n`);
	const { is, conditions } = await daemon.ask.enable();
	assert.equal(is, 'enabled', JSON.stringify(conditions));
	const { same, differences } = await daemon.ask.diff();
	assert.ok(same, JSON.stringify(differences));
});

test('an enable that fails leaves everything as it was, also what is remembered', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, stores, clock } = daemon.world;
	const before = (await daemon.ask.status()).since;
	await clock.advance(5_000);
	host.onCommit = fails;
	await assert.rejects(daemon.ask.enable(), /kernel refuses/);
	host.onCommit = () => undefined;
	assert.equal(stores.state.wanted, 'disabled');
	assert.equal(stores.state.since, before);
	const { wanted, is } = await daemon.ask.status();
	assert.deepEqual({ wanted, is }, { wanted: 'disabled', is: 'disabled' });
	assert.equal(daemon.counters.read().ruleChanges.enable, 0);
});

test('disable takes the rules away before the routes, and is remembered after', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, stores, steps, clock } = daemon.world;
	const seen: unknown[] = [];
	host.onRoute = () => void seen.push([host.isCapturing(), stores.state.wanted]);
	await clock.advance(5_000);
	const { status } = await daemon.ask.disable();
	assert.ok(seen.length > 0);
	assert.ok(
		seen.every((each) => String(each) === 'false,enabled'),
		String(seen),
	);
	assert.deepEqual([status.is, stores.state.wanted], ['disabled', 'disabled']);
	assert.equal(status.since, new Date(clock.dateMs()).toISOString());
	assert.equal(daemon.counters.read().ruleChanges.disable, 1);
	assert.equal(host.hasOurs(), false);
	assert.ok(steps.includes('conntrack of 15000,15001 dropped'));
});

test('what is asked for a second time holds since the first time', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	await daemon.world.clock.advance(5_000);
	assert.equal((await daemon.ask.enable()).since, enabled.state.since);
	const { since } = (await daemon.ask.disable()).status;
	await daemon.world.clock.advance(5_000);
	assert.equal((await daemon.ask.disable()).status.since, since);
	assert.equal(daemon.world.stores.state.since, since);
});

test('a disable that fails changes nothing of what is wanted, and can be asked for again', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, stores } = daemon.world;
	host.onCommit = fails;
	await assert.rejects(daemon.ask.disable(), /kernel refuses/);
	assert.equal(stores.state.wanted, 'enabled');
	host.onCommit = () => undefined;
	assert.equal((await daemon.ask.status()).is, 'enabled');
	assert.equal((await daemon.ask.disable()).status.is, 'disabled');
});

test('a full disk keeps nobody from switching the rules on or off, and status tells of it', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, stores } = daemon.world;
	stores.isFull = true;
	const state = async () => (await daemon.ask.status()).conditions.find(({ subject }) => subject === 'state');
	assert.equal((await daemon.ask.enable()).is, 'enabled');
	assert.match(JSON.stringify(await state()), /a restart would forget what was said last/);
	assert.ok(host.isCapturing());
	assert.equal((await daemon.ask.disable()).status.is, 'disabled');
	assert.equal(host.isCapturing(), false);
	stores.isFull = false;
	await daemon.ask.disable();
	assert.equal((await state())?.ok, true);
	assert.equal(stores.state.wanted, 'disabled');
});

test('enabled rules wait while Envoy is not LIVE, and come when it is', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, envoy } = daemon.world;
	envoy.fail();
	assert.equal((await daemon.ask.enable()).is, 'waiting');
	assert.equal(host.hasOurs(), false);
	envoy.starting();
	await settled();
	assert.equal(host.hasOurs(), false);
	envoy.live();
	await settled();
	assert.equal((await daemon.ask.status()).is, 'enabled');
	assert.equal(daemon.counters.read().ruleChanges.restore, 1);
	assert.equal(daemon.counters.read().ruleChanges.enable, 0);
});

test("rules do not wait for somebody else's Envoy", async () => {
	await using daemon = await startDaemonOnFakes({
		onWorld: (world) => Object.assign(world, { settings: 'appPorts: 8080\n' }),
	});
	assert.equal((await daemon.ask.enable()).is, 'enabled');
	await assert.rejects(daemon.ask.update(), { code: 'usage' });
});

test('connections of before are dropped from conntrack once, a moment after the rules are on; then all is captured', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, steps, clock } = daemon.world;
	host.open = [openTo('198.51.100.1')];
	await daemon.ask.enable();
	await clock.advance(200);
	await daemon.ask.disable();
	await daemon.ask.enable();
	await clock.advance(299);
	assert.deepEqual([times(steps, 'stale conntrack dropped'), times(steps, 'track 1')], [0, 0]);
	assert.doesNotMatch(host.nft.text(), /! --tcp-flags/);
	await clock.advance(1);
	assert.deepEqual([times(steps, 'stale conntrack dropped'), times(steps, 'track 1')], [1, 1]);
	assert.match(host.nft.text(), /! --tcp-flags/);
	await daemon.ask.enable();
	await clock.advance(1_000);
	assert.equal(times(steps, 'stale conntrack dropped'), 1, 'not again while they are on');
});

test('rules that somebody made a hole in are whole again a moment after enable', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, steps, clock } = daemon.world;
	await daemon.ask.enable();
	await clock.advance(100);
	host.nft.edit('ipv4', '*nat\n-F OUTPUT\nCOMMIT\n*mangle\n-F OUTPUT\nCOMMIT\n');
	await daemon.ask.enable();
	await clock.advance(1_000);
	assert.match(host.nft.text(), /! --tcp-flags/);
	assert.equal(times(steps, 'stale conntrack dropped'), 1, 'once for both');
});

test('others who came before our chains are overtaken, and where they leave no room for our routes it is told', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	daemon.world.overtaking = ['ipv4 OUTPUT of nat came behind table ip docker'];
	host.routing.held.rules.push({
		...{ family: 'ipv4', priority: 50, table: 100, mark: 7, mask: undefined },
		...{ hasOtherSelectors: false, protocol: 4 },
	});
	await daemon.ask.enable();
	assert.deepEqual(daemon.world.overtaking, []);
	assert.ok(daemon.logged.includes('warn: rule and route left out'));
	assert.ok(daemon.logged.includes('interception enabled'));
});

test('IPv6 that bypasses Envoy is told when the rules are switched on', async () => {
	await using daemon = await startDaemonOnFakes({
		settings: 'ipv6: 0\n',
		onWorld: ({ host }) => Object.assign(host, { ipv6: { hasAddress: true, obstacle: '', hasRules: true } }),
	});
	const why = (await daemon.ask.enable()).conditions.find(({ subject }) => subject === 'ipv6');
	assert.match(JSON.stringify(why), /ipv6 is 0/);
	assert.ok(daemon.logged.includes('warn: IPv6 goes past Envoy'));
	await using other = await startDaemonOnFakes();
	await other.ask.enable();
	assert.ok(!other.logged.includes('warn: IPv6 goes past Envoy'));
});

test('that connections of before cannot be dropped harms nothing', async () => {
	await using daemon = await startDaemonOnFakes({ onWorld: (world) => Object.assign(world, { onDropStale: fails }) });
	await daemon.ask.enable();
	await daemon.world.clock.advance(1_000);
	assert.match(daemon.world.host.nft.text(), /! --tcp-flags/);
	assert.ok(daemon.logged.some((event) => event.startsWith('debug')));
});

test('where not all can be captured, what opens a connection is, and it is told', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, clock } = daemon.world;
	host.open = Array.from({ length: 50_001 }, (_, at) => openTo('198.51.100.1', at));
	await daemon.ask.enable();
	await clock.advance(1_000);
	assert.ok(host.isCapturing());
	assert.doesNotMatch(host.nft.text(), /! --tcp-flags/);
	assert.ok(daemon.logged.includes('warn: only what opens a connection is captured'));
	const { is, conditions } = await daemon.ask.status();
	assert.equal(is, 'enabled');
	assert.match(JSON.stringify(conditions.find(({ subject }) => subject === 'tracking')), /too many/);
});

test('rules that were switched off within a moment are not completed', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, steps, clock } = daemon.world;
	await daemon.ask.enable();
	await daemon.ask.disable();
	await clock.advance(5_000);
	assert.equal(times(steps, 'stale conntrack dropped'), 0);
	assert.equal(host.hasOurs(), false);
});

test('open connections are cut when asked for, and only where Envoy can take what comes instead', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, envoy, steps } = daemon.world;
	host.open = [openTo('198.51.100.1')];
	assert.equal((await daemon.ask.enable()).bypassing, 1);
	assert.deepEqual((await daemon.ask.enable({ cutExisting: true })).cut, { ended: 1, left: 1, unheard: 0 });
	assert.ok(daemon.logged.includes('existing connections cut'));
	host.listeners = [];
	assert.equal((await daemon.ask.enable({ cutExisting: true })).cut, undefined, 'nobody listens');
	envoy.fail();
	assert.equal((await daemon.ask.enable({ cutExisting: true })).cut, undefined, 'Envoy is away');
	assert.equal(times(steps, 'end 1'), 1);
});

test('whoever is logged in over what is captured is told when the rules are switched on', async () => {
	await using daemon = await startDaemonOnFakes();
	const session = '203.0.113.9 50000 192.0.2.1 8080';
	assert.match((await daemon.ask.enable({ session })).warning ?? '', /8080/);
	assert.equal((await daemon.ask.enable({ session: '203.0.113.9 50000 192.0.2.1 22' })).warning, undefined);
	assert.match((await daemon.ask.reload({ session })).warning ?? '', /8080/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from '../../../src/routing/routing.ts';
import { createWorld, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const keeping = { state: { wanted: 'enabled' }, settings: 'onStop: keep\n' } as const;

/** Looks up the table that our rule and route are in. */
const foreign: PolicyRule = {
	...{ family: 'ipv4', priority: 50, table: 100, mark: 7, mask: undefined },
	...{ hasOtherSelectors: false, protocol: 4 },
};

test('what a former daemon has left in the way of others makes room also while the next one has nothing on yet', async () => {
	const world = createWorld(keeping);
	await using former = await startDaemonOnFakes({ world });
	await former.stop();
	world.envoy.onStart = 'waits';
	await using daemon = await former.next({ isStarting: true });
	world.host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await world.clock.advance(10);
	assert.deepEqual(world.host.routing.held.rules, [foreign]);
	assert.ok(!daemon.logged.includes('debug: no room made'), daemon.logged.join());
});

test('that rule and route make room is told at once, also while a change of rules takes long', async () => {
	await using daemon = await startDaemonOnFakes(keeping);
	const { host } = daemon.world;
	const gate = Promise.withResolvers<void>();
	host.onCommit = () => gate.promise;
	const disabling = daemon.ask.disable();
	host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await settled();
	assert.ok(daemon.logged.includes('warn: rule and route left out'), daemon.logged.join());
	gate.resolve();
	await disabling;
});

test('rule and route that are kept for the next daemon stay once this one is told to end', async () => {
	await using daemon = await startDaemonOnFakes(keeping);
	const { host, clock } = daemon.world;
	const kept = [...host.routing.held.rules];
	assert.equal(kept.length, 1);
	host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await daemon.daemon.stop();
	await clock.advance(1_000);
	assert.deepEqual(host.routing.held.rules, [...kept, foreign]);
});

test('a daemon has not ended before it has made the room that it is making', async () => {
	await using daemon = await startDaemonOnFakes(keeping);
	const { host } = daemon.world;
	const gate = Promise.withResolvers<void>();
	host.onRoute = () => gate.promise;
	host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await settled();
	const stopping = daemon.stop();
	await settled();
	assert.ok(!daemon.logged.includes('stopped'), daemon.logged.join());
	gate.resolve();
	await stopping;
	assert.deepEqual(host.routing.held.rules, [foreign]);
});

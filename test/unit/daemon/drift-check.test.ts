import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';

const dump = '*nat\n:APPMESH_EGRESS - [0:0]\n-A OUTPUT -p tcp -j APPMESH_EGRESS\nCOMMIT\n';

test('rules that were lifted at the start and are brought back by somebody stay as they are until the start is over', async () => {
	const world = createWorld({ state: { wanted: 'enabled' }, settings: '  graceSeconds: 5\nonEnvoyFailure: open\n' });
	world.envoy.onStart = 'waits';
	await using daemon = await startDaemonOnFakes({ world, isStarting: true });
	world.envoy.starting();
	world.envoy.fail();
	await world.clock.advance(5_000);
	assert.equal((await daemon.ask.status()).is, 'lifted');
	world.host.nft.edit('ipv4', dump);
	const before = world.host.nft.text();
	daemon.changed();
	await world.clock.advance(1_000);
	assert.equal(world.host.nft.text(), before);
	assert.deepEqual(daemon.counters.read().repairs, { rules: 0, routes: 0 });
	world.envoy.live();
	await daemon.starting;
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('rules that are kept for the next daemon are not repaired any more once this one is told to end', async () => {
	await using daemon = await startDaemonOnFakes({ state: { wanted: 'enabled' }, settings: 'onStop: keep\n' });
	const { host, clock } = daemon.world;
	await clock.advance(1_500);
	host.nft.edit('ipv4', '*nat\n-F APPMESH_EGRESS\nCOMMIT\n');
	const before = host.nft.text();
	daemon.changed();
	await daemon.stop();
	await clock.advance(10_000);
	assert.equal(host.nft.text(), before);
	assert.deepEqual(daemon.counters.read().repairs, { rules: 0, routes: 0 });
});

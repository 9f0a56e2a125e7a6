import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

/** The timer of systemd comes first; three seconds later the daemon goes back by itself. */
const LATE_MS = 3_000;
const enabled = { state: { wanted: 'enabled' } } as const;

test('an Envoy that was to go back to the settings of before does not where somebody has reloaded meanwhile', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { world, ask } = daemon;
	world.settings += 'egressPort: 16001\n';
	await ask.reload({ confirmSeconds: 60 });
	const gate = Promise.withResolvers<void>();
	world.envoy.onReplace = () => gate.promise;
	world.settings = world.settings.replace('16001', '17001');
	const reloading = ask.reload();
	await world.clock.advance(60_000 + LATE_MS);
	assert.equal(daemon.counters.read().ruleChanges.revert, 1, 'the time is over in the middle of that reload');
	gate.resolve();
	await reloading;
	await settled();
	assert.equal(world.envoy.changes.length, 2, 'Envoy was replaced for the two reloads only');
	assert.match(world.host.nft.text(), /--to-ports 17001/);
	assert.equal((await ask.status()).is, 'enabled');
});

test('an Envoy that goes back to the settings of before does so with the image that it has', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 2222\n';
	await ask.reload({ confirmSeconds: 60 });
	await world.clock.advance(60_000 + LATE_MS);
	assert.deepEqual(
		world.envoy.changes.map(({ isUpdate }) => isUpdate),
		[false, false],
	);
});

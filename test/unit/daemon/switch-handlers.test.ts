import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { openTo } from '../../support/memory-host.ts';

const enabled = { state: { wanted: 'enabled' } } as const;

test('no open connection is cut while Envoy does not answer, although its ports are open', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, envoy, steps } = daemon.world;
	await daemon.world.clock.advance(1_000);
	host.open = [openTo('198.51.100.1')];
	envoy.silent();
	assert.equal((await daemon.ask.enable({ cutExisting: true })).cut, undefined);
	assert.equal(steps.includes('end 1'), false);
	assert.ok(!daemon.logged.includes('existing connections cut'));
});

test('no open connection is cut where the rules are switched off again before its turn', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, steps } = daemon.world;
	host.open = [openTo('198.51.100.1')];
	const [{ cut }] = await Promise.all([daemon.ask.enable({ cutExisting: true }), daemon.ask.disable()]);
	assert.equal(cut, undefined);
	assert.equal(steps.includes('end 1'), false);
	assert.equal(host.isCapturing(), false);
});

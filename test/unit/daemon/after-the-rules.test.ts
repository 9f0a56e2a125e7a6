import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { createWorld, startDaemonOnFakes, type World } from '../../support/daemon-on-fakes.ts';

/** Routes cannot be read once our rules are on. */
function failOnceOn({ host }: World): void {
	const read = host.routing.rules;
	Object.assign(host.routing, {
		rules: async (...args: Parameters<typeof read>) => {
			if (host.isCapturing()) throw new Failure('routing', 'Cannot read the rules: the kernel refuses', 'None');
			return read(...args);
		},
	});
}

test('a start whose rules are on goes on, although the routes of others cannot be read after that', async () => {
	const world = createWorld({ state: { wanted: 'enabled' } });
	failOnceOn(world);
	await using daemon = await startDaemonOnFakes({ world });
	assert.ok(world.host.isCapturing());
	assert.equal(world.steps.includes('envoy stopped'), false);
	assert.ok(daemon.logged.includes('warn: could not be looked at'), daemon.logged.join());
	await daemon.stop().catch(() => undefined);
	assert.equal(world.host.isCapturing(), false);
});

test('an enable whose rules are on is remembered as that, although the routes of others cannot be read after it', async () => {
	const world = createWorld();
	await using daemon = await startDaemonOnFakes({ world });
	failOnceOn(world);
	await daemon.ask.enable().catch(() => undefined);
	assert.equal(world.host.isCapturing(), world.stores.state.wanted === 'enabled');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonOnFakes, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { createMeshWorld, deliverMesh } from '../../support/delivered-mesh.ts';
import { settled } from '../../support/fake-clock.ts';

/** A daemon with a mesh; `moved`: the mesh calls its application on other ports. */
async function startWithMesh(): Promise<DaemonOnFakes & { readonly moved: () => Promise<void> }> {
	let moved: () => Promise<void> = async () => undefined;
	const { delivery } = deliverMesh(createMeshWorld());
	const daemon = await startDaemonOnFakes({
		settings: 'startEnabled: true\n',
		onWorld(world) {
			world.mesh = {
				...delivery,
				check: () => void world.steps.push('definitions checked'),
				reload: async () => void world.steps.push('definitions pushed'),
				watch(onPorts) {
					moved = onPorts;
				},
			};
		},
	});
	return Object.assign(daemon, {
		moved: async () => {
			await moved();
			await settled();
		},
	});
}

test('rules that follow the ports of the mesh do not confirm settings: without a confirmation these go back', async () => {
	await using daemon = await startWithMesh();
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 4444\n';
	await ask.reload({ confirmSeconds: 20 });
	const { confirmUntil } = await ask.status();
	assert.notEqual(confirmUntil, undefined);
	await daemon.moved();
	assert.ok(daemon.logged.includes('the rules follow the ports of the mesh'));
	assert.equal((await ask.status()).confirmUntil, confirmUntil);
});

test('rules that follow the ports of the mesh leave settings alone that nobody has reloaded, also those that need a restart', async () => {
	await using daemon = await startWithMesh();
	daemon.world.settings += 'egressIgnoredPorts: 4444\nlogLevel: debug\n';
	await daemon.moved();
	assert.deepEqual(
		daemon.logged.filter((event) => /rules follow|error|reloaded/.test(event)),
		['the rules follow the ports of the mesh'],
	);
	const { settings } = await daemon.ask.config();
	assert.doesNotMatch(JSON.stringify(settings), /4444/);
});

test('a reload checks the definitions before anything is changed, and pushes them once the settings hold', async () => {
	await using daemon = await startWithMesh();
	const { world, ask } = daemon;
	const since = world.steps.length;
	world.settings += 'egressIgnoredPorts: 4444\n';
	await ask.reload();
	const [first, ...rest] = world.steps.slice(since);
	assert.deepEqual([first, rest.at(-1)], ['definitions checked', 'definitions pushed']);
	assert.ok(rest.length > 1);
});

test('with settings that cannot be applied the definitions are not pushed either', async () => {
	await using daemon = await startWithMesh();
	const { world, ask } = daemon;
	world.settings += 'egressIgnoredPorts: 4444\n';
	world.host.onCommit = () => {
		throw new Error('the kernel refuses it');
	};
	await assert.rejects(ask.reload(), /the kernel refuses it/);
	assert.ok(!world.steps.includes('definitions pushed'));
});

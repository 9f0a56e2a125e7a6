import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageOf, planReload } from '../../../src/config/changes.ts';
import { readLayers } from '../../support/setting-samples.ts';

test('an image that update chose holds as long as the settings name the same as they did then', () => {
	const image = { chosen: 'envoy:3', settings: 'envoy:1' };
	assert.equal(imageOf({ image }, 'envoy:1'), 'envoy:3');
	assert.equal(imageOf({ image }, 'envoy:2'), undefined);
	assert.equal(imageOf({ image: undefined }, 'envoy:1'), undefined);
});

test('a reload names the settings that differ, and only those', () => {
	const before = readLayers({ file: 'appPorts: 8080\nenvoy:\n  image: envoy:1\n' });
	const after = readLayers({ file: 'envoy:\n  image: envoy:2\n  pull: always\nappPorts: 8080\n' });
	assert.deepEqual(planReload(before, after, false), ['envoy.image', 'envoy.pull']);
	assert.deepEqual(planReload(before, before, false), []);
});

const atStart: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
	['where its socket is', { socket: '/run/other.sock' }],
	['where it keeps its state', { stateDirectory: '/var/lib/other' }],
	['how Envoy is run', { 'envoy.runtime': 'process' }],
	["the container's name", { 'envoy.name': 'other' }],
	["Docker's socket", { 'envoy.dockerSocket': '/run/other.sock' }],
	['how long a pull may stand still', { 'envoy.pullStallSeconds': '77' }],
	['which node of the mesh this host is', { 'mesh.node': 'mesh/other/virtualNode/app' }],
	['where the definitions are', { 'mesh.definitions': '/srv/mesh' }],
	['what the definitions leave open', { 'mesh.parameters': 'A=b' }],
];

for (const [what, flags] of atStart)
	test(`${what} is read only when the daemon starts, and a reload that would change it changes nothing`, () => {
		const [key = ''] = Object.keys(flags);
		assert.throws(() => planReload(readLayers({}), readLayers({ flags: { ...flags, appPorts: '8080' } }), false), {
			code: 'config',
			message: `Cannot reload: ${key} is read only when the daemon starts`,
		});
	});

test('all that can be read only at the start is told at once', () => {
	const flags = { socket: '/run/other.sock', 'envoy.name': 'other' };
	assert.throws(() => planReload(readLayers({}), readLayers({ flags }), false), {
		message: 'Cannot reload: envoy.name, socket are read only when the daemon starts',
	});
});

test('with a mesh the ports of its listeners and a bootstrap of the own are read only when the daemon starts', () => {
	const flags = { ingressPort: '15100', egressPort: '15101', 'envoy.config': '/srv/envoy.yaml' };
	assert.throws(() => planReload(readLayers({}), readLayers({ flags }), true), {
		message: 'Cannot reload: ingressPort, egressPort, envoy.config are read only when the daemon starts',
	});
	assert.equal(planReload(readLayers({}), readLayers({ flags }), false).length, 3);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzMeshes } from '../property/fuzz-meshes.ts';

const runs = 300;

test(`Envoy takes what the nodes and gateways of ${runs} times any valid mesh are given`, async () => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const proxies = await fuzzMeshes(runs, seed);
	assert.ok(proxies > 2 * runs, `only ${proxies} nodes and gateways`);
});

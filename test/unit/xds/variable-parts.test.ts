import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeBootstrap } from '../../../src/xds/merge-bootstrap.ts';

test('without parts a bootstrap stays as it is', () => {
	const bootstrap = { node: { id: 'a' }, static_resources: { clusters: [{ name: 'a' }] } };
	assert.equal(mergeBootstrap(bootstrap, []), bootstrap);
});

test('resources and sinks of parts are added, all else takes the place of what was there, however it is spelt', () => {
	const bootstrap = { static_resources: { clusters: [{ name: 'a' }] }, stats_flush_interval: '5s' };
	const parts = [
		{ staticResources: { clusters: [{ name: 'b' }], listeners: [{ name: 'l' }] }, statsSinks: [{ name: 's' }] },
		{ static_resources: { secrets: [{ name: 'c' }] }, stats_sinks: [{ name: 't' }], statsFlushInterval: '1s' },
	];
	assert.deepEqual(mergeBootstrap(bootstrap, parts), {
		staticResources: {
			clusters: [{ name: 'a' }, { name: 'b' }],
			listeners: [{ name: 'l' }],
			secrets: [{ name: 'c' }],
		},
		statsSinks: [{ name: 's' }, { name: 't' }],
		statsFlushInterval: '1s',
	});
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { socketPaths, variableOptions } from '../../../src/xds/envoy-variables.ts';
import { mergeBootstrap } from '../../../src/xds/merge-bootstrap.ts';
import { variableParts } from '../../../src/xds/variable-parts.ts';
import { compactJson } from '../../support/compact-json.ts';
import { environments, partsOf } from '../../support/envoy-variables.ts';
import { everyField, everyProxy } from '../../support/every-field.ts';
import { matchesGolden } from '../../support/golden.ts';
import { rendered } from '../../support/rendered.ts';

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

test('each variable of an Envoy makes the part of the bootstrap that it made in the image of AWS', () => {
	// Each has these, unless it is said.
	const standing = partsOf({}).parts.map((part) => JSON.stringify(part));
	const made = Object.entries(environments).map(([title, { ...environment }], at) => {
		const { parts, mistakes } = partsOf(environment);
		assert.deepEqual(mistakes, [], title);
		const isStanding = (part: object) => standing.includes(JSON.stringify(part));
		const note = parts.some(isStanding) ? '' : ', and not what all have';
		const own = mergeBootstrap({}, at === 0 ? parts : parts.filter((part) => !isStanding(part)));
		return `# ${title}: ${JSON.stringify(environment)}${note}\n${compactJson(own)}\n`;
	});
	matchesGolden(made.join('\n'), join(import.meta.dirname, 'golden/variables.txt'));
});

test('an Envoy of no node is told by its cluster, and has no tags', () => {
	const variables = { ENABLE_ENVOY_XRAY_TRACING: '1', ENABLE_ENVOY_STATS_TAGS: '1' };
	const parts = variableParts({ variables, files: { parts: [] }, node: undefined, cluster: 'turnout' });
	const { tracing, ...rest } = mergeBootstrap({}, parts);
	assert.deepEqual(rest, {});
	assert.partialDeepStrictEqual(tracing, {
		http: { typedConfig: { segmentName: 'turnout', segmentFields: { origin: 'AWS::AppMesh::Proxy' } } },
	});
});

test('the sockets that Envoy connects to are those of what is on', () => {
	const paths = { APPMESH_SDS_SOCKET_PATH: '/run/sds.sock', STATSD_SOCKET_PATH: '/run/statsd.sock' };
	assert.deepEqual(socketPaths(paths), ['/run/sds.sock']);
	assert.deepEqual(socketPaths({ ...paths, ENABLE_ENVOY_DOG_STATSD: '1' }), ['/run/sds.sock', '/run/statsd.sock']);
});

test('the connections of all listeners are traced where there is a tracer, and nowhere else', () => {
	const managersOf = (hasTracing: boolean) =>
		everyProxy.flatMap((id) => {
			const { lds } = rendered(everyField('/etc/certs', 'ALLOW_ALL'), id, { hasSds: true, hasTracing });
			return JSON.stringify(lds).match(/HttpConnectionManager",.*?"normalizePath"/g) ?? [];
		});
	assert.ok(managersOf(true).length > everyProxy.length);
	assert.ok(managersOf(true).every((manager) => manager.includes('"tracing":{}')));
	assert.ok(managersOf(false).every((manager) => !manager.includes('tracing')));
	for (const name of ['ENABLE_ENVOY_XRAY_TRACING', 'ENABLE_ENVOY_DATADOG_TRACING', 'ENABLE_ENVOY_JAEGER_TRACING'])
		assert.deepEqual(
			[variableOptions({ [name]: '1' }).hasTracing, variableOptions({ [name]: '0' }).hasTracing],
			[true, false],
		);
	assert.equal(variableOptions({ ENVOY_TRACING_CFG_FILE: '/etc/own' }).hasTracing, true);
});

// Of any routes and any request, explain has the same answer as the route configuration that Envoy gets of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { clustersOf, type RouteConfiguration } from '../../support/envoy-routes.ts';
import { explainedNode } from '../../support/explained.ts';
import { client, mesh, node, service, to } from '../../support/mesh-parts.ts';
import { catalogOf, rendered } from '../../support/rendered.ts';

const nodes = ['a', 'b', 'c'];
const weights = fc
	.tuple(...nodes.map((name) => fc.constantFrom(0, 1, 50).map((weight): [string, number] => [name, weight])))
	.filter((each) => each.some(([, weight]) => weight > 0))
	.map((each) => Object.fromEntries(each));
const methods = fc.constantFrom('GET' as const, 'POST' as const);
const texts = fc.constantFrom('x', 'y', 'xy', '5');
const value = fc.oneof(
	texts.map((exact) => ({ exact })),
	texts.map((prefix) => ({ prefix })),
	texts.map((suffix) => ({ suffix })),
	fc.constantFrom('x.*', '[xy]+', 'x|y', '\\d').map((regex) => ({ regex })),
	fc.constantFrom({ range: { start: 0, end: 5 } }, { range: { start: -1, end: 6 } }),
);
const header = fc.record(
	{ name: fc.constantFrom('x-a', 'X-B'), match: value, invert: fc.boolean() },
	{ requiredKeys: ['name'] },
);
const paths = fc.constantFrom('/', '/x', '/x/y', '/xy', '/y');
const place = fc.oneof(
	paths.map((prefix) => ({ prefix })),
	paths.map((exact) => ({ path: { exact } })),
	fc.constantFrom('/x.*', '/[xy]', '/x(/y)?').map((regex) => ({ path: { regex } })),
);
const rest = fc.record(
	{
		headers: fc.array(header, { minLength: 1, maxLength: 2 }),
		method: methods,
		scheme: fc.constantFrom('http' as const, 'https' as const),
		queryParameters: fc.constantFrom([{ name: 'q' }], [{ name: 'q', match: { exact: 'x' } }]),
	},
	{ requiredKeys: [] },
);
const route = fc
	.record(
		{ match: fc.tuple(place, rest).map(([at, more]) => ({ ...at, ...more })), weights, priority: fc.nat(2) },
		{ requiredKeys: ['match', 'weights'] },
	)
	.map(
		({ match, weights: own, ...priority }): Spec<'route'> => ({ httpRoute: { match, action: to(own) }, ...priority }),
	);

const request = fc.record({
	host: fc.constantFrom('api.local', 'API.local:80', 'api.local:81', 'other.local'),
	path: fc.tuple(paths, fc.constantFrom('', '?q', '?q=x', '?q=y&q=x', '?p=x')).map((parts) => parts.join('')),
	method: methods,
	headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.oneof(texts, fc.constantFrom('-1', '6')), { maxKeys: 2 }),
});

test('as many routes as there may be, and any request', () => {
	const property = fc.property(fc.array(route, { maxLength: 6 }), request, (routes, { method, headers, ...asked }) => {
		const named = Object.fromEntries(routes.map((each, at) => [`r${at}`, each]));
		const definitions = [
			...[mesh(), client(['api.local'])],
			...nodes.map((name, at) => node(name, { port: 9_000 + at })),
			...service('api.local', { routes: named }),
		];
		const { rds } = rendered(definitions, 'client');
		const routed = { ...asked, headers: { ':method': method, ':scheme': 'http', ...headers } };
		const clusters = clustersOf(rds['rds_egress_http_80'] as RouteConfiguration, routed);
		const expected = clusters.map((cluster) => /_lab_(\w)_/.exec(cluster)?.[1] ?? cluster);
		const address = { address: '10.0.0.9', port: 80 };
		const explained = explainedNode(catalogOf(definitions), 'client', { ...address, ...asked, method, headers });
		assert.deepEqual(explained, expected.length === 0 ? ['404'] : expected);
	});
	fc.assert(property, { numRuns: 300 });
});

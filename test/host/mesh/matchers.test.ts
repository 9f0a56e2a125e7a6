// Which requests a route takes: each condition that App Mesh has, with a request that meets it and one that does not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/mesh/schema/kinds.ts';
import { addresses } from '../../lab/net/layout.ts';
import { headerMatches, withKind } from '../../support/header-matches.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, only, service } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

type HttpRoute = NonNullable<Spec<'route'>['httpRoute']>;

interface Asked {
	readonly path?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
}

interface Row {
	readonly match: HttpRoute['match'];
	readonly hits: readonly Asked[];
	readonly misses: readonly Asked[];
}

const rows: Readonly<Record<string, Row>> = {
	...Object.fromEntries(
		Object.entries(headerMatches).map(([title, { header, hits, misses }]): [string, Row] => {
			const asked = (value: string): Asked => ({ headers: withKind(value) });
			return [
				`a header ${title}`,
				{ match: { prefix: '/', headers: [header] }, hits: hits.map(asked), misses: misses.map(asked) },
			];
		}),
	),
	'a prefix takes what begins with it, also in the middle of a word': {
		match: { prefix: '/metrics' },
		hits: [{ path: '/metrics' }, { path: '/metrics/cpu' }, { path: '/metricsfoo' }],
		misses: [{ path: '/' }, { path: '/metric' }, { path: '/Metrics' }, { path: '/a/metrics' }],
	},
	'a path is compared as what it means: dots and slashes that say nothing are left out, escaped slashes are none': {
		match: { prefix: '/metrics/a' },
		hits: [{ path: '//metrics//a?x=1' }, { path: '/b/../metrics/./a' }],
		misses: [{ path: '/metrics%2Fa' }, { path: '/metrics/a/../b' }],
	},
	'an exact path takes that path alone, with any query': {
		match: { path: { exact: '/orders' } },
		hits: [{ path: '/orders' }, { path: '/orders?id=1' }],
		misses: [{ path: '/orders/' }, { path: '/orders/1' }, { path: '/order' }],
	},
	'a regex takes paths that match it as a whole, with any query': {
		match: { path: { regex: '/orders/[0-9]+' } },
		hits: [{ path: '/orders/17' }, { path: '/orders/17?x=y' }],
		misses: [{ path: '/orders/17/lines' }, { path: '/orders/a' }, { path: '/v1/orders/17' }],
	},
	'all of several headers are asked for': {
		match: { prefix: '/', headers: [{ name: 'x-a' }, { name: 'x-b', match: { exact: '1' } }] },
		hits: [{ headers: { 'x-a': 'any', 'x-b': '1' } }],
		misses: [{ headers: { 'x-a': 'any' } }, { headers: { 'x-b': '1' } }],
	},
	'a method': {
		match: { prefix: '/', method: 'POST' },
		hits: [{ method: 'POST' }],
		misses: [{ method: 'GET' }, { method: 'PUT' }],
	},
	'a scheme, which is http between an application and its Envoy': {
		match: { prefix: '/', scheme: 'http' },
		hits: [{}],
		misses: [],
	},
	'a scheme that no application can have there': { match: { prefix: '/', scheme: 'https' }, hits: [], misses: [{}] },
	'a query parameter is exactly a text': {
		match: { prefix: '/', queryParameters: [{ name: 'v', match: { exact: '2' } }] },
		hits: [{ path: '/?v=2' }, { path: '/?a=1&v=2' }],
		misses: [{ path: '/?v=22' }, { path: '/?w=2' }, { path: '/' }],
	},
	'a query parameter is there': {
		match: { prefix: '/', queryParameters: [{ name: 'v' }] },
		hits: [{ path: '/?v=anything' }, { path: '/?v' }],
		misses: [{ path: '/?w=1' }, { path: '/' }],
	},
	'all conditions of a route are asked for': {
		match: { prefix: '/a', method: 'PUT', headers: [{ name: 'x-a' }], queryParameters: [{ name: 'q' }] },
		hits: [{ path: '/a?q=1', method: 'PUT', headers: { 'x-a': '1' } }],
		misses: [
			{ path: '/a?q=1', method: 'PUT' },
			{ path: '/a', method: 'PUT', headers: { 'x-a': '1' } },
			{ path: '/b?q=1', method: 'PUT', headers: { 'x-a': '1' } },
		],
	},
};

const to = (name: string) => ({ action: only(name) });
const toPrefix = (prefix: string, name: string, priority?: number) => ({
	...(priority === undefined ? {} : { priority }),
	httpRoute: { match: { prefix }, ...to(name) },
});

/** Two routes for `/x/y`, by their fields; `a` and `b` answer. */
const orders: Readonly<Record<string, { readonly a: Spec<'route'>; readonly b: Spec<'route'> }>> = {
	'the longer prefix is tried first': { a: toPrefix('/x/y', 'a'), b: toPrefix('/x', 'b') },
	'a priority goes before the length of a prefix': { a: toPrefix('/', 'a', 5), b: toPrefix('/x/y', 'b') },
	'of two priorities the lower number is tried first': { a: toPrefix('/', 'a', 0), b: toPrefix('/x/y', 'b', 1) },
	'an exact path goes before a prefix': {
		a: { httpRoute: { match: { path: { exact: '/x/y' } }, ...to('a') } },
		b: toPrefix('/x/y', 'b'),
	},
	'of equal prefixes the one with more conditions is tried first': {
		a: { httpRoute: { match: { prefix: '/x', method: 'GET' }, ...to('a') } },
		b: toPrefix('/x', 'b'),
	},
};

const nameOf = (kind: string, at: number) => `${kind}${at}.lab.local`;
const matchers = Object.entries(rows).map(([title, row], at) => ({ title, row, host: nameOf('match', at) }));
const priorities = Object.entries(orders).map(([title, routes], at) => ({ title, routes, host: nameOf('order', at) }));

describe('the routes of a mesh', async () => {
	const { app, world, start } = await createFieldLab(suiteStack());
	for (const [at, name] of ['a', 'b'].entries())
		await world.serve({ name, address: addresses.remote.v4, port: 9000 + at });
	await start([
		mesh(),
		client([...matchers, ...priorities].map(({ host }) => host)),
		...[node('a', { port: 9000 }), node('b', { port: 9001 })],
		...matchers.flatMap(({ host, row }) =>
			service(host, { routes: { only: { httpRoute: { match: row.match, ...to('a') } } } }),
		),
		// The one that is to come second has the name that comes first.
		...priorities.flatMap(({ host, routes }) => service(host, { routes: { z: routes.a, c: routes.b } })),
	]);
	const ask = (host: string, asked: Asked) => app.get({ address: addresses.remote.v4, port: 80, host, ...asked });

	for (const { title, row, host } of matchers)
		test(`a route's condition: ${title}`, async () => {
			const answers = async (all: readonly Asked[]) =>
				Promise.all(all.map(async (asked) => ({ asked, status: (await ask(host, asked)).status })));
			assert.deepEqual(
				await answers(row.hits),
				row.hits.map((asked) => ({ asked, status: 200 })),
			);
			assert.deepEqual(
				await answers(row.misses),
				row.misses.map((asked) => ({ asked, status: 404 })),
			);
		});

	for (const { title, host } of priorities)
		test(`the order of routes: ${title}`, async () => assert.equal((await ask(host, { path: '/x/y' })).body, 'a'));
});

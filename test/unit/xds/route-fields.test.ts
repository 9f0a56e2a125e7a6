import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyField } from '../../support/every-field.ts';
import { rendered, select } from '../../support/rendered.ts';

const client = rendered(everyField('/certs'), 'client');
const api = 'rds/rds_egress_http_80/virtualHosts/api.every.local';
const grpc = 'rds/rds_egress_http_50051/virtualHosts/grpc.every.local/routes';

type Row = readonly [field: string, path: string, expected: unknown];

const headers = [
	{ name: 'x-exact', stringMatch: { exact: 'a' } },
	{ name: 'x-prefix', stringMatch: { prefix: 'a' } },
	{ name: 'x-suffix', stringMatch: { suffix: 'a' } },
	{ name: 'x-regex', stringMatch: { safeRegex: { regex: '(?i)a+' } } },
	{ name: 'x-range', rangeMatch: { start: '1', end: '10' } },
	{ name: 'x-present', presentMatch: true },
	{ name: 'x-absent', presentMatch: true, invertMatch: true },
	{ name: 'x-other', stringMatch: { exact: 'b' }, invertMatch: true },
];

const rows: readonly Row[] = [
	['virtualServiceName', `${api}/domains`, ['api.every.local', 'api.every.local:80']],
	['prefix', `${api}/routes/everything/match/prefix`, '/v2'],
	['path.exact', `${api}/routes/exact/match`, { path: '/exact' }],
	['path.regex', `${api}/routes/regex/match`, { safeRegex: { regex: '/items/[0-9]+' } }],
	[
		'method, scheme and headers',
		`${api}/routes/everything/match/headers`,
		[
			{ name: ':method', stringMatch: { exact: 'GET' } },
			{ name: ':scheme', stringMatch: { exact: 'http' } },
			...headers,
		],
	],
	[
		'queryParameters',
		`${api}/routes/everything/match/queryParameters`,
		[
			{ name: 'q', stringMatch: { exact: 'v' } },
			{ name: 'flag', presentMatch: true },
		],
	],
	[
		'weightedTargets with ports',
		`${api}/routes/everything/route/weightedClusters/clusters`,
		[
			{ name: 'cds_egress_every_api-v1_http_8443', weight: 90 },
			{ name: 'cds_egress_every_api-v2_http_8080', weight: 10 },
		],
	],
	['weight 0 is kept', `${api}/routes/exact/route/weightedClusters/clusters/1/weight`, 0],
	['timeout.perRequest', `${api}/routes/everything/route/timeout`, '10s'],
	['timeout.idle', `${api}/routes/everything/route/idleTimeout`, '20s'],
	['no timeout', `${api}/routes/rest/route/timeout`, '15s'],
	[
		'retryPolicy',
		`${api}/routes/everything/route/retryPolicy`,
		{
			...{ retryOn: 'reset,refused-stream,connect-failure,retriable-status-codes', numRetries: 3 },
			...{ perTryTimeout: '0.25s', retriableStatusCodes: [502, 503, 504, 409] },
		},
	],
	[
		'server-error',
		`${api}/routes/exact/route/retryPolicy/retriableStatusCodes`,
		[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
	],
	[
		'no retryPolicy',
		`${api}/routes/rest/route/retryPolicy/retryOn`,
		'unavailable,reset,connect-failure,refused-stream,retriable-status-codes',
	],
	[
		'match.port: routes of the other listener',
		'rds/rds_egress_http_81/virtualHosts/api.every.local/routes/0/name',
		'second',
	],
	[
		'a virtual node as provider',
		'rds/rds_egress_http_8443/virtualHosts/direct.every.local/routes/0/match',
		{ prefix: '/' },
	],
	['grpc: service and method', `${grpc}/method/match`, { path: '/every.Api/Get', grpc: {}, headers }],
	['grpc: service', `${grpc}/service/match`, { prefix: '/every.Api/', grpc: {} }],
	['grpc: all', `${grpc}/all/match`, { prefix: '/', grpc: {} }],
	[
		'grpcRetryEvents',
		`${grpc}/method/route/retryPolicy/retryOn`,
		'cancelled,deadline-exceeded,internal,resource-exhausted,unavailable,retriable-status-codes',
	],
];

describe('what Envoy gets for each field of a route', () => {
	for (const [field, path, expected] of rows) test(field, () => assert.deepEqual(select(client, path), expected));
});

const meshName = 'order';
const node = {
	...{ meshName, virtualNodeName: 'a' },
	spec: {
		backends: [{ virtualService: { virtualServiceName: 's' } }],
		listeners: [{ portMapping: { port: 80, protocol: 'http' } }],
		serviceDiscovery: { dns: { hostname: 'a' } },
	},
};
const base = [
	node,
	{ meshName, virtualRouterName: 'r', spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] } },
	{ meshName, virtualServiceName: 's', spec: { provider: { virtualRouter: { virtualRouterName: 'r' } } } },
];
const route = ([routeName, match, priority]: readonly [string, object, number?]) => ({
	...{ meshName, virtualRouterName: 'r', routeName },
	spec: {
		httpRoute: { match, action: { weightedTargets: [{ virtualNode: 'a', weight: 1 }] } },
		...(priority === undefined ? {} : { priority }),
	},
});

describe('routes are tried', () => {
	const orders: readonly (readonly [string, readonly Parameters<typeof route>[0][]])[] = [
		[
			'by priority, 0 first and none last',
			[
				['b', { prefix: '/' }, 0],
				['a', { prefix: '/' }, 1_000],
				['z', { prefix: '/long' }],
			],
		],
		[
			'a whole path, then a regex, then the longer prefix',
			[
				['d', { path: { exact: '/' } }],
				['c', { path: { regex: '/.*' } }],
				['b', { prefix: '/ab' }],
				['a', { prefix: '/a' }],
			],
		],
		[
			'with more conditions first',
			[
				['d', { prefix: '/', headers: [{ name: 'x' }, { name: 'y' }] }],
				['c', { prefix: '/', headers: [{ name: 'x' }] }],
				['a', { prefix: '/' }],
				['b', { prefix: '/' }],
			],
		],
	];
	for (const [what, expected] of orders)
		test(what, () => {
			const { rds } = rendered([...base, ...expected.map(route).reverse()], 'a');
			const found = select(rds, 'rds_egress_http_80/virtualHosts/s/routes') as readonly { readonly name: string }[];
			assert.deepEqual(
				found.map(({ name }) => name),
				expected.map(([name]) => name),
			);
		});
});

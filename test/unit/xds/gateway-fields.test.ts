import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rewrittenMatches } from '../../../src/xds/gateway-rewrite.ts';
import { everyField } from '../../support/every-field.ts';
import { gateway, gatewayRoute, node, serviceOf } from '../../support/mesh-parts.ts';
import { rendered, select } from '../../support/rendered.ts';

const door = rendered(everyField('/certs'), 'mesh/every/virtualGateway/door', { hasIpv6: true });
const redirects = 'rds/rds_ingress_http_8088/virtualHosts/self_redirect/routes';
const services = 'rds/rds_egress_http_15001/virtualHosts';
const toItself = 'cds_ingress_every_door_self_redirect_http_15001_8088';
const http = 'lds/lds_ingress_0.0.0.0_8088/filterChains';

type Row = readonly [field: string, path: string, expected: unknown];
const rows: readonly Row[] = [
	['portMapping', 'lds/lds_ingress_0.0.0.0_8088/address/socketAddress', { address: '0.0.0.0', portValue: 8_088 }],
	['IPv6', 'lds/lds_ingress_0.0.0.0_8088/additionalAddresses/0/address/socketAddress/address', '::'],
	['nothing redirects to it', 'lds/lds_ingress_0.0.0.0_8089/listenerFilters', []],
	[
		'only for itself',
		'lds/lds_egress_0.0.0.0_15001/address/socketAddress',
		{ address: '127.0.0.1', portValue: 15_001 },
	],
	['statistics', `${http}/ingress_http_8088/filters/0/typedConfig/statPrefix`, 'ingress.http.8088'],
	[
		'logging: /dev/stderr as text',
		`${http}/ingress_http_8088/filters/0/typedConfig/accessLog/0/name`,
		'envoy.access_loggers.stderr',
	],
	[
		'TLS PERMISSIVE',
		`${http}/ingress_http_8088_tls/filterChainMatch`,
		{ destinationPort: 8_088, transportProtocol: 'tls' },
	],
	['connectionPool', `cds/${toItself}/circuitBreakers/thresholds/0/maxPendingRequests`, 6],
	['backendDefaults', 'cds/cds_egress_every_api-v1_http_8443/transportSocket/typedConfig/sni', 'api-v1.every.local'],
	['match.prefix', `${redirects}/0/match/prefix`, '/api/'],
	['match.prefix without a slash at its end', `${redirects}/1/match/prefix`, '/api'],
	['rewrite: the prefix, unless told otherwise', `${redirects}/0/route/prefixRewrite`, '/'],
	['rewrite: the host, unless told otherwise', `${redirects}/0/route/hostRewriteLiteral`, 'api.every.local'],
	[
		'match.hostname exact, with a port or without',
		`${redirects}/0/match/headers/:authority`,
		{ name: ':authority', stringMatch: { safeRegex: { regex: '(?i)every\\.example(:[0-9]+)?' } } },
	],
	[
		'match.hostname suffix',
		`${redirects}/value/match/headers/:authority/stringMatch/safeRegex/regex`,
		'(?i).*\\.every\\.example(:[0-9]+)?',
	],
	['match.method', `${redirects}/0/match/headers/:method/stringMatch`, { exact: 'POST' }],
	['match.queryParameters', `${redirects}/0/match/queryParameters/flag`, { name: 'flag', presentMatch: true }],
	['rewrite.prefix.value', `${redirects}/value/route/prefixRewrite`, '/new/'],
	['rewrite.prefix.defaultPrefix DISABLED', `${redirects}/kept/route/prefixRewrite`, undefined],
	['rewrite.hostname DISABLED', `${redirects}/kept/route/hostRewriteLiteral`, undefined],
	[
		'rewrite.hostname DISABLED: the service is told apart by a header',
		`${redirects}/kept/requestHeadersToAdd/0`,
		{
			header: { key: 'x-app-mesh-virtual-service', value: 'api.every.local' },
			appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
		},
	],
	['target.port that is not the first', `${redirects}/value/requestHeadersToAdd/0/header/value`, 'api.every.local:81'],
	['a client cannot choose a service', `${redirects}/path/requestHeadersToRemove`, ['x-app-mesh-virtual-service']],
	['path.exact, rewritten', `${redirects}/path/route/prefixRewrite`, '/new'],
	['path.exact', `${redirects}/path/match/path`, '/old'],
	[
		'path.regex, rewritten',
		'rds/rds_ingress_http2_8089/virtualHosts/0/routes/regex/route/regexRewrite',
		{ pattern: { regex: '^/.*$' }, substitution: '/new' },
	],
	['grpc serviceName', 'rds/rds_ingress_grpc_50052/virtualHosts/0/routes/grpc/match/prefix', '/every.Api/'],
	['grpc keeps its path', 'rds/rds_ingress_grpc_50052/virtualHosts/0/routes/grpc/route/prefixRewrite', undefined],
	['the second pass has the timeouts', `${redirects}/0/route/timeout`, '0s'],
	['virtual services', `${services}/api.every.local/domains`, ['api.every.local', 'api.every.local:15001']],
	[
		"routes of the service's other port ask for the header",
		`${services}/api.every.local/routes/second/match/headers`,
		[{ name: 'x-app-mesh-virtual-service', stringMatch: { exact: 'api.every.local:81' } }],
	],
	[
		'routes of its first port ask that there is none, where other requests keep their hosts',
		`${services}/api.every.local/routes/8/match`,
		{ prefix: '/', headers: [{ name: 'x-app-mesh-virtual-service', presentMatch: true, invertMatch: true }] },
	],
	[
		'a host that is kept, and is the name of another service, does not choose it',
		`${services}/direct.every.local/routes/rest/match`,
		{ prefix: '/', headers: [{ name: 'x-app-mesh-virtual-service', stringMatch: { exact: 'api.every.local' } }] },
	],
	[
		'without the name as host, all do',
		`${services}/default_backend/routes/rest/match`,
		{ prefix: '/', headers: [{ name: 'x-app-mesh-virtual-service', stringMatch: { exact: 'api.every.local' } }] },
	],
];

describe('what Envoy gets for each field of a virtual gateway', () => {
	for (const [field, path, expected] of rows) test(field, () => assert.deepEqual(select(door, path), expected));
});

test('a service that is called as another one on the port of the gateway has its name for itself', () => {
	const names = ['a', 'A:15001'];
	const target = (virtualServiceName: string) => ({ target: { virtualService: { virtualServiceName } } });
	const snapshot = rendered(
		[
			...names.map((name) => ({ meshName: 'm', virtualServiceName: name, spec: {} })),
			{
				...{ meshName: 'm', virtualGatewayName: 'g' },
				spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] },
			},
			...names.map((name) => ({
				...{ meshName: 'm', virtualGatewayName: 'g', gatewayRouteName: name },
				spec: { httpRoute: { match: { prefix: `/${name}` }, action: target(name) } },
			})),
		],
		'mesh/m/virtualGateway/g',
	);
	assert.deepEqual(select(snapshot, `${services}/a/domains`), ['a']);
	assert.deepEqual(select(snapshot, `${services}/A:15001/domains`), ['A:15001', 'A:15001:15001']);
});

test('a percent sign in the name of a service is no operator of Envoy', () => {
	const name = '%REQ(x)%';
	const route = { match: { prefix: '/' }, action: { target: { virtualService: { virtualServiceName: name } } } };
	const [key, listeners] = ['virtualGatewayName', [{ portMapping: { port: 80, protocol: 'http' } }]];
	const kept = { ...route.action, rewrite: { hostname: { defaultTargetHostname: 'DISABLED' } } };
	const snapshot = rendered(
		[
			{ meshName: 'm', virtualServiceName: name, spec: {} },
			{ meshName: 'm', [key]: 'g', spec: { listeners } },
			{ meshName: 'm', [key]: 'g', gatewayRouteName: 'r', spec: { httpRoute: { ...route, action: kept } } },
		],
		'mesh/m/virtualGateway/g',
	);
	const header = 'rds/rds_ingress_http_80/virtualHosts/0/routes/0/requestHeadersToAdd/0/header/value';
	assert.equal(select(snapshot, header), '%%REQ(x)%%');
});

test('gateway routes are tried by priority, and each is for its own listener', () => {
	const namesOf = (port: string) =>
		(select(door, `rds/rds_ingress_${port}/virtualHosts/0/routes`) as readonly { readonly name: string }[]).map(
			({ name }) => name,
		);
	assert.deepEqual(namesOf('http_8088'), ['everything', 'everything', 'path', 'value', 'kept']);
	assert.deepEqual([...namesOf('http2_8089'), ...namesOf('grpc_50052')], ['regex', 'grpc']);
});

test('without requests that keep their hosts, routes ask for no header, and a service without a provider answers 404', () => {
	const target = (virtualServiceName: string) => ({ target: { virtualService: { virtualServiceName } } });
	const resources = [
		...[node('a', { port: 80 }), serviceOf('a.local', 'a'), serviceOf('none.local')],
		gateway('g', { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] }),
		...['a.local', 'none.local'].map((name) =>
			gatewayRoute('g', name.replace('.', '-'), { httpRoute: { match: { prefix: '/' }, action: target(name) } }),
		),
	];
	const found = rendered(resources, 'mesh/lab/virtualGateway/g');
	assert.deepEqual(select(found, `${services}/a.local/routes/0/match`), { prefix: '/' });
	assert.deepEqual(select(found, `${services}/none.local/routes`), []);
});

test('with one listener the cluster has the name that App Mesh gave it', () => {
	const resources = [
		{ meshName: 'm', virtualGatewayName: 'g', spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] } },
	];
	const { cds } = rendered(resources, 'mesh/m/virtualGateway/g');
	assert.deepEqual(Object.keys(cds), ['cds_ingress_m_g_self_redirect_http_15001']);
});

test('a path keeps its parts apart, however the prefix and what it becomes end', () => {
	const rewrites = (prefix: string, value?: string) =>
		rewrittenMatches({
			...{ key: 'httpRoute', protocol: 'http' },
			route: {
				match: { prefix },
				action: {
					target: { virtualService: { virtualServiceName: 's' } },
					...(value === undefined ? {} : { rewrite: { prefix: { value } } }),
				},
			},
		}).map(({ match, path }) => [match['prefix'], path['prefixRewrite']]);
	assert.deepEqual(rewrites('/'), [['/', undefined]]);
	assert.deepEqual(rewrites('/old/', '/new'), [['/old/', '/new/']]);
	assert.deepEqual(rewrites('/old', '/new/'), [
		['/old/', '/new/'],
		['/old', '/new/'],
	]);
	assert.deepEqual(rewrites('/old', '/new'), [
		['/old/', '/new/'],
		['/old', '/new'],
	]);
});

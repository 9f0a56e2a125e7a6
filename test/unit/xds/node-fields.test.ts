import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everyField } from '../../support/every-field.ts';
import { rendered, select } from '../../support/rendered.ts';

const client = rendered(everyField('/certs'), 'client');

/** What a field of a definition becomes for Envoy. `path`: in the snapshot of the node `client`. */
type Row = readonly [field: string, path: string, expected: unknown];

const UNLIMITED = 2_147_483_647;
const unlimited = {
	maxConnections: UNLIMITED,
	maxPendingRequests: UNLIMITED,
	maxRequests: UNLIMITED,
	maxRetries: UNLIMITED,
};
const ingress = 'lds/lds_ingress_0.0.0.0_15000/filterChains';
const egress = 'lds/lds_egress_0.0.0.0_15001/filterChains';
const filter = 'filters/0/typedConfig';
const toApiV1 = 'cds/cds_egress_every_api-v1_http_8443';
const toApiV2 = 'cds/cds_egress_every_api-v2_http_8080';
const toGrpc = 'cds/cds_egress_every_grpc_grpc_50051';
const ownApp = 'cds/cds_ingress_every_client';
const hostOf = (cluster: string) =>
	`${cluster}/loadAssignment/endpoints/0/lbEndpoints/0/endpoint/address/socketAddress`;

const listenerRows: readonly Row[] = [
	['portMapping', `${ingress}/ingress_http_8080/filterChainMatch`, { destinationPort: 8_080 }],
	['one of several listeners', `${ingress}/ingress_http_8080/${filter}/statPrefix`, 'ingress.http.8080'],
	['a listener with tcp', `${ingress}/ingress_tcp_9090/${filter}/cluster`, 'cds_ingress_every_client_tcp_9090'],
	['timeout.tcp.idle', `${ingress}/ingress_tcp_9090/${filter}/idleTimeout`, '9s'],
	['timeout.http.idle', `${ingress}/ingress_http_8080/${filter}/commonHttpProtocolOptions`, { idleTimeout: '60s' }],
	['timeout.http.perRequest', 'rds/rds_ingress_http_8080/virtualHosts/0/routes/0/route/timeout', '5s'],
	['timeout.grpc.perRequest 0', 'rds/rds_ingress_grpc_50051/virtualHosts/0/routes/0/route/timeout', '0s'],
	['no timeout', 'rds/rds_ingress_http2_8090/virtualHosts/0/routes/0/route/timeout', '15s'],
	[
		'connectionPool.http',
		`${ownApp}_http_8080/circuitBreakers/thresholds/0`,
		{ ...unlimited, maxConnections: 100, maxPendingRequests: 10 },
	],
	['connectionPool.tcp', `${ownApp}_tcp_9090/circuitBreakers/thresholds/0`, { ...unlimited, maxConnections: 7 }],
	['connectionPool.http2', `${ownApp}_http2_8090/circuitBreakers/thresholds/0`, { ...unlimited, maxRequests: 8 }],
	['connectionPool.grpc', `${ownApp}_grpc_50051/circuitBreakers/thresholds/0`, { ...unlimited, maxRequests: 9 }],
	['dns.ipPreference IPv6_ONLY: the application', hostOf(`${ownApp}_http_8080`), { address: '::1', portValue: 8_080 }],
	[
		'protocol http2: the application',
		`${ownApp}_http2_8090/typedExtensionProtocolOptions/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/explicitHttpConfig`,
		{ http2ProtocolOptions: {} },
	],
	['protocol http: the application', `${ownApp}_http_8080/typedExtensionProtocolOptions`, undefined],
];

const targetRows: readonly Row[] = [
	['responseType ENDPOINTS', `${toApiV1}/type`, 'STRICT_DNS'],
	['no responseType', `${toGrpc}/type`, 'LOGICAL_DNS'],
	['hostname that is an address', `${toApiV2}/type`, 'STATIC'],
	['dns.ipPreference IPv4_PREFERRED', `${toApiV1}/dnsLookupFamily`, 'V4_PREFERRED'],
	['dns.ipPreference IPv6_PREFERRED', `${toGrpc}/dnsLookupFamily`, undefined],
	["the mesh's ipPreference", 'cds/cds_egress_every_db_tcp_3306/dnsLookupFamily', 'V4_PREFERRED'],
	['hostname with a dot at its end', hostOf(toGrpc), { address: 'grpc.every.local', portValue: 50_051 }],
	['no connectionPool for clients', `${toApiV1}/circuitBreakers/thresholds/0`, unlimited],
	[
		'outlierDetection',
		`${toApiV1}/outlierDetection`,
		{ consecutive5xx: 5, maxEjectionPercent: 50, interval: '1.5s', baseEjectionTime: '30s' },
	],
	[
		'healthCheck http with path',
		`${toApiV1}/healthChecks/0`,
		{
			...{ timeout: '2s', interval: '5s', noTrafficInterval: '5s' },
			...{ healthyThreshold: 2, unhealthyThreshold: 3 },
			httpHealthCheck: { host: 'api-v1.every.local:8443', path: '/ping' },
		},
	],
	[
		'healthCheck with a port of its own',
		`${toApiV1}/loadAssignment/endpoints/0/lbEndpoints/0/endpoint/healthCheckConfig`,
		{ portValue: 8_081 },
	],
	['healthCheck tcp', `${toApiV2}/healthChecks/0/tcpHealthCheck`, {}],
	['healthCheck grpc', `${toGrpc}/healthChecks/0/grpcHealthCheck`, {}],
	[
		'healthCheck http2',
		'cds/cds_egress_every_api-v2_http2_8082/healthChecks/0/httpHealthCheck',
		{ host: '192.0.2.20:8082', path: '/ping', codecClientType: 'HTTP2' },
	],
	['hosts that DNS has no more', `${toApiV1}/ignoreHealthOnHostRemoval`, true],
];

const logRows: readonly Row[] = [
	[
		'logging: /dev/stdout as JSON',
		`${ingress}/ingress_http_8080/${filter}/accessLog/0`,
		{
			name: 'envoy.access_loggers.stdout',
			typedConfig: {
				'@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
				logFormat: {
					jsonFormat: { start: '%START_TIME%', code: '%RESPONSE_CODE% of %REQ(X-REQUEST-ID):36% 100%%' },
				},
			},
		},
	],
	['logging: tcp', `${ingress}/ingress_tcp_9090/${filter}/accessLog/0/name`, 'envoy.access_loggers.stdout'],
	['logging: egress', `${egress}/egress_http_80/${filter}/accessLog/0/name`, 'envoy.access_loggers.stdout'],
];

const egressRows: readonly Row[] = [
	['a port of HTTP services', `${egress}/egress_http_80/${filter}/rds/routeConfigName`, 'rds_egress_http_80'],
	['statistics', `${egress}/egress_http_80/${filter}/statPrefix`, 'egress'],
	[
		'egressFilter: other names',
		'rds/rds_egress_http_80/virtualHosts/mesh_allow_all/routes/0/route/cluster',
		'cds_egress_every_mesh-allow-all',
	],
	['egressFilter: other ports', 'lds/lds_egress_0.0.0.0_15001/defaultFilterChain/name', 'egress_allow_all'],
	[
		'names of AWS',
		`${egress}/egress_amazonaws/filterChainMatch`,
		{ destinationPort: 443, serverNames: ['*.amazonaws.com'] },
	],
	[
		'a tcp service without a known address',
		`${egress}/egress_tcp_3306_db/filterChainMatch`,
		{ destinationPort: 3_306 },
	],
	[
		'a tcp service with one (#195)',
		`${egress}/egress_tcp_3306_192.0.2.10/filterChainMatch`,
		{ destinationPort: 3_306, prefixRanges: [{ addressPrefix: '192.0.2.10', prefixLen: 32 }] },
	],
	[
		'tcpRoute: weight 0 is left out',
		`${egress}/egress_tcp_3306_db/${filter}/weightedClusters/clusters`,
		[{ name: 'cds_egress_every_db_tcp_3306', weight: 1 }],
	],
	['tcpRoute.timeout.idle', `${egress}/egress_tcp_3306_db/${filter}/idleTimeout`, '3600s'],
];

for (const [what, rows] of Object.entries({
	listeners: listenerRows,
	targets: targetRows,
	logs: logRows,
	egress: egressRows,
}))
	describe(`what Envoy gets for each field: ${what}`, () => {
		for (const [field, path, expected] of rows) test(field, () => assert.deepEqual(select(client, path), expected));
	});

test('DROP_ALL lets nothing out but to AWS', () => {
	const { cds, lds, rds } = rendered(everyField('/certs', 'DROP_ALL'), 'client');
	assert.equal(lds['lds_egress_0.0.0.0_15001']?.['defaultFilterChain'], undefined);
	assert.deepEqual(
		Object.keys(cds).filter((name) => /allow-all|amazonaws/.test(name)),
		['cds_egress_every_amazonaws'],
	);
	assert.doesNotMatch(JSON.stringify(rds), /mesh_allow_all/);
});

test('with one listener the statistics are those of App Mesh before it had several', () => {
	const path = `${ingress}/ingress_http_8443/${filter}`;
	assert.equal(select(rendered(everyField('/certs'), 'api-v1'), `${path}/statPrefix`), 'ingress');
	assert.deepEqual(select(rendered(everyField('/certs'), 'api-v1'), `${path}/accessLog/0/typedConfig`), {
		'@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
		path: '/dev/null',
	});
});

test('a router without a route leads tcp nowhere, and Envoy still takes the listener', () => {
	const resources = everyField('/certs').filter((each) => (each as { routeName?: string }).routeName !== 'db');
	const path = `${egress}/egress_tcp_3306_db/${filter}/cluster`;
	assert.equal(select(rendered(resources, 'client'), path), 'turnout_blackhole');
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readText } from '../../support/imported.ts';

interface Block {
	readonly type: string;
	readonly mode?: string;
	readonly values: object;
}

const shown = (...resources: readonly Block[]): string =>
	JSON.stringify({ format_version: '1.0', values: { root_module: { resources } } }, null, 1);

const resourceOf = (type: string, values: object): unknown => {
	const { resources, errors } = readText(shown({ type, values: { name: 'x', mesh_name: 'm', ...values } }));
	assert.deepEqual(errors, []);
	return JSON.parse(JSON.stringify(resources.map(({ spec }) => spec)));
};

const node = 'aws_appmesh_virtual_node';

describe('blocks of Terraform', () => {
	const mapping = { port_mapping: [{ port: 80, protocol: 'http' }] };
	const plain = { portMapping: { port: 80, protocol: 'http' } };
	const target = { virtual_service: [{ virtual_service_name: 's' }] };
	const duration = (value: number) => [{ unit: 'ms', value }];
	const table: readonly (readonly [what: string, type: string, spec: object, canonical: unknown])[] = [
		['nothing', 'aws_appmesh_mesh', {}, {}],
		[
			'a mesh',
			'aws_appmesh_mesh',
			{ egress_filter: [{ type: 'ALLOW_ALL' }], service_discovery: [{ ip_preference: 'IPv6_ONLY' }] },
			{ egressFilter: { type: 'ALLOW_ALL' }, serviceDiscovery: { ipPreference: 'IPv6_ONLY' } },
		],
		[
			'what is not set as null, 0, empty',
			node,
			{ backend: [], logging: null, listener: [{ ...mapping, health_check: [], tls: null, timeout: [] }] },
			{ listeners: [plain] },
		],
		[
			'a health check',
			node,
			{
				listener: [
					{
						...mapping,
						health_check: [
							{
								...{ healthy_threshold: 2, interval_millis: 5000, path: '/', port: 0, protocol: 'http' },
								...{ timeout_millis: 2000, unhealthy_threshold: 3 },
							},
						],
					},
				],
			},
			{
				listeners: [
					{
						healthCheck: {
							...{ healthyThreshold: 2, intervalMillis: 5000, path: '/', protocol: 'http', timeoutMillis: 2000 },
							unhealthyThreshold: 3,
						},
						...plain,
					},
				],
			},
		],
		[
			'attributes of Cloud Map, a map',
			node,
			{
				service_discovery: [
					{ aws_cloud_map: [{ attributes: { b: '2', a: '1' }, namespace_name: 'n', service_name: 's' }] },
				],
			},
			{
				serviceDiscovery: {
					awsCloudMap: {
						attributes: [
							{ key: 'a', value: '1' },
							{ key: 'b', value: '2' },
						],
						...{ namespaceName: 'n', serviceName: 's' },
					},
				},
			},
		],
		[
			'TLS, logging, pools',
			node,
			{
				backend_defaults: [
					{
						client_policy: [
							{
								tls: [
									{
										...{ certificate: [], enforce: false, ports: [443] },
										validation: [
											{
												subject_alternative_names: [{ match: [{ exact: ['a'] }] }],
												trust: [{ acm: [], file: [{ certificate_chain: '/c' }], sds: [] }],
											},
										],
									},
								],
							},
						],
					},
				],
				listener: [
					{ ...mapping, connection_pool: [{ http: [{ max_connections: 1, max_pending_requests: 0 }], tcp: [] }] },
				],
				logging: [
					{ access_log: [{ file: [{ path: '/l', format: [{ text: '', json: [{ key: 'k', value: 'v' }] }] }] }] },
				],
			},
			{
				backendDefaults: {
					clientPolicy: {
						tls: {
							...{ enforce: false, ports: [443] },
							validation: {
								subjectAlternativeNames: { match: { exact: ['a'] } },
								trust: { file: { certificateChain: '/c' } },
							},
						},
					},
				},
				listeners: [{ connectionPool: { http: { maxConnections: 1 } }, ...plain }],
				logging: { accessLog: { file: { format: { json: [{ key: 'k', value: 'v' }] }, path: '/l' } } },
			},
		],
		[
			'a route with matches, retries and timeouts; a weight of 0 is one',
			'aws_appmesh_route',
			{
				priority: 5,
				http2_route: [
					{
						action: [{ weighted_target: [{ virtual_node: 'a', weight: 0, port: 9 }] }],
						match: [
							{
								...{ method: 'GET', prefix: '', scheme: '', path: [{ exact: '/p', regex: '' }] },
								header: [{ name: 'h', invert: false, match: [{ range: [{ start: 0, end: 9 }], exact: '' }] }],
								query_parameter: [{ name: 'q', match: [{ exact: 'v' }] }],
							},
						],
						retry_policy: [
							{
								http_retry_events: ['server-error'],
								tcp_retry_events: [],
								max_retries: 0,
								per_retry_timeout: duration(5),
							},
						],
						timeout: [{ idle: [], per_request: duration(7) }],
					},
				],
			},
			{
				http2Route: {
					action: { weightedTargets: [{ port: 9, virtualNode: 'a', weight: 0 }] },
					match: {
						headers: [{ match: { range: { end: 9, start: 0 } }, name: 'h' }],
						...{ method: 'GET', path: { exact: '/p' }, queryParameters: [{ match: { exact: 'v' }, name: 'q' }] },
					},
					retryPolicy: { httpRetryEvents: ['server-error'], maxRetries: 0, perRetryTimeout: { unit: 'ms', value: 5 } },
					timeout: { perRequest: { unit: 'ms', value: 7 } },
				},
				priority: 5,
			},
		],
		[
			'a gRPC route whose match is empty',
			'aws_appmesh_route',
			{ grpc_route: [{ action: [{ weighted_target: [{ virtual_node: 'a', weight: 1 }] }], match: [null] }] },
			{ grpcRoute: { action: { weightedTargets: [{ virtualNode: 'a', weight: 1 }] }, match: {} } },
		],
		[
			'a gateway route',
			'aws_appmesh_gateway_route',
			{
				grpc_route: [{ action: [{ target: [target] }], match: [{ service_name: 's', metadata: [{ name: 'k' }] }] }],
			},
			{
				grpcRoute: {
					action: { target: { virtualService: { virtualServiceName: 's' } } },
					match: { metadata: [{ name: 'k' }], serviceName: 's' },
				},
			},
		],
		['a virtual gateway', 'aws_appmesh_virtual_gateway', { listener: [mapping] }, { listeners: [plain] }],
	];
	for (const [what, type, spec, canonical] of table)
		test(what, () =>
			assert.deepEqual(
				resourceOf(type, {
					virtual_router_name: 'r',
					virtual_gateway_name: 'g',
					spec: Object.keys(spec).length > 0 ? [spec] : [],
				}),
				[canonical],
			),
		);
});

describe('what is wrong in them, and what is passed over', () => {
	test('data sources and other resources', () => {
		const values = { name: 'x', mesh_name: 'm' };
		const { resources, errors } = readText(shown({ type: node, mode: 'data', values }, { type: 'aws_vpc', values }));
		assert.deepEqual([resources, errors], [[], []]);
	});

	const table: readonly (readonly [what: string, text: string, told: RegExp])[] = [
		[
			'an unknown field, by its own name',
			shown({ type: node, values: { name: 'x', mesh_name: 'm', spec: [{ listner: [{}] }] } }),
			/^\d+: values\.root_module\.resources\[0\]\.values\.spec\[0\]\.listner: unknown field "listner"; did you mean listener\? known: /,
		],
		[
			'a value out of bounds',
			shown({
				type: node,
				values: {
					name: 'x',
					mesh_name: 'm',
					spec: [{ listener: [{ port_mapping: [{ port: 70_000, protocol: 'http' }] }] }],
				},
			}),
			/^\d+: values\.root_module\.resources\[0\]\.values\.spec\[0\]\.listener\[0\]\.port_mapping\[0\]\.port: 70000 is out of bounds; /,
		],
		[
			'a plan that does not know a name yet',
			JSON.stringify({
				format_version: '1.2',
				planned_values: { root_module: { resources: [{ type: 'aws_appmesh_route', values: { name: 'r' } }] } },
			}),
			/virtual_router_name is missing: a plan does not know what only apply finds out; take the state instead/,
		],
		[
			'a state of Terraform 0.11',
			JSON.stringify({ version: 3, terraform_version: '0.11.14', modules: [] }),
			/this state was written by Terraform before 0\.12; take what terraform show -json/,
		],
		[
			"Terraform's language",
			'resource "aws_appmesh_mesh" "simple" {\n  name = "m"\n}\n',
			/^1: : this is Terraform's language; take what terraform show -json prints, or the state file$/,
		],
	];
	for (const [what, text, told] of table) test(what, () => assert.match(readText(text).errors.join('\n'), told));
});

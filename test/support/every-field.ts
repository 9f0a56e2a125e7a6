// One mesh in which every field of App Mesh's API that turnout renders occurs, as CLI JSON.

const meshName = 'every';

const resource = (keys: object, spec: object): object => ({ meshName, ...keys, spec });
const seconds = (value: number) => ({ unit: 's', value });
const dns = (hostname: string, more: object = {}) => ({ dns: { hostname, ...more } });
const mapping = (port: number, protocol: string) => ({ portMapping: { port, protocol } });
const target = (virtualNode: string, weight = 1, more: object = {}) => ({ virtualNode, weight, ...more });
const action = (...weightedTargets: readonly object[]) => ({ weightedTargets });

/** Files of certificates that the mesh names; they exist where the folder is a real one. */
export const certificateFiles = ['server.pem', 'server.key', 'client.pem', 'client.key', 'authority.pem'] as const;

const node = (virtualNodeName: string, spec: object): object => resource({ virtualNodeName }, spec);
const router = (virtualRouterName: string, ...listeners: readonly object[]): object =>
	resource({ virtualRouterName }, { listeners });
const route = (virtualRouterName: string, routeName: string, spec: object): object =>
	resource({ virtualRouterName, routeName }, spec);
const byRouter = (virtualServiceName: string, virtualRouterName: string): object =>
	resource({ virtualServiceName }, { provider: { virtualRouter: { virtualRouterName } } });
const byNode = (virtualServiceName: string, virtualNodeName: string): object =>
	resource({ virtualServiceName }, { provider: { virtualNode: { virtualNodeName } } });

const health = (protocol: string, more: object = {}) => ({
	...{ healthyThreshold: 2, unhealthyThreshold: 3, intervalMillis: 5_000, timeoutMillis: 2_000, protocol },
	...more,
});
const outliers = {
	...{ baseEjectionDuration: seconds(30), interval: { unit: 'ms', value: 1_500 } },
	...{ maxEjectionPercent: 50, maxServerErrors: 5 },
};

function tlsOf(folder: string) {
	const file = (name: string) => ({
		certificateChain: `${folder}/${name}.pem`,
		privateKey: `${folder}/${name}.key`,
	});
	const trust = { file: { certificateChain: `${folder}/authority.pem` } };
	const subjectAlternativeNames = { match: { exact: ['api.every.local', 'spiffe://every/api'] } };
	const server = { file: file('server') };
	return {
		strict: { mode: 'STRICT', certificate: server },
		mutual: { mode: 'STRICT', certificate: server, validation: { trust, subjectAlternativeNames } },
		permissive: { mode: 'PERMISSIVE', certificate: server },
		disabled: { mode: 'DISABLED', certificate: server },
		bySds: {
			mode: 'STRICT',
			certificate: { sds: { secretName: 'server' } },
			validation: { trust: { sds: { secretName: 'authority' } }, subjectAlternativeNames },
		},
		policy: {
			tls: {
				certificate: { file: file('client') },
				...{ enforce: true, ports: [8_443, 50_051] },
				validation: { trust, subjectAlternativeNames },
			},
		},
		lenient: { tls: { enforce: false, validation: { trust } } },
		policyBySds: {
			tls: {
				certificate: { sds: { secretName: 'client' } },
				validation: { trust: { sds: { secretName: 'authority' } } },
			},
		},
	};
}

type Tls = ReturnType<typeof tlsOf>;

const jsonLog = (path: string) => ({
	accessLog: {
		file: {
			path,
			format: {
				json: [
					{ key: 'start', value: '%START_TIME%' },
					{ key: 'code', value: '%RESPONSE_CODE% of %REQ(X-REQUEST-ID):36% 100%%' },
				],
			},
		},
	},
});
const textLog = { accessLog: { file: { path: '/dev/stderr', format: { text: '%START_TIME% %RESPONSE_CODE%\n' } } } };

/** Calls everything; it listens on several ports. */
const client = (tls: Tls): object =>
	node('client', {
		listeners: [
			{
				...mapping(8_080, 'http'),
				connectionPool: { http: { maxConnections: 100, maxPendingRequests: 10 } },
				timeout: { http: { idle: seconds(60), perRequest: seconds(5) } },
				tls: tls.mutual,
			},
			{
				...mapping(9_090, 'tcp'),
				connectionPool: { tcp: { maxConnections: 7 } },
				timeout: { tcp: { idle: seconds(9) } },
			},
			{ ...mapping(8_090, 'http2'), connectionPool: { http2: { maxRequests: 8 } }, tls: tls.permissive },
			{
				...mapping(50_051, 'grpc'),
				connectionPool: { grpc: { maxRequests: 9 } },
				timeout: { grpc: { idle: seconds(0), perRequest: seconds(0) } },
				tls: tls.bySds,
			},
		],
		backendDefaults: { clientPolicy: tls.policy },
		backends: [
			{ virtualService: { virtualServiceName: 'api.every.local' } },
			{ virtualService: { virtualServiceName: 'direct.every.local', clientPolicy: tls.lenient } },
			{ virtualService: { virtualServiceName: 'arn:aws:appmesh:eu-west-1:123456789012:mesh/every/virtualService/db' } },
			{ virtualService: { virtualServiceName: '192.0.2.10', clientPolicy: tls.policyBySds } },
			{ virtualService: { virtualServiceName: 'grpc.every.local' } },
		],
		logging: jsonLog('/dev/stdout'),
		serviceDiscovery: dns('client.every.local', { ipPreference: 'IPv6_ONLY' }),
	});

const servers = (tls: Tls): object[] => [
	node('api-v1', {
		listeners: [
			{
				...mapping(8_443, 'http'),
				...{ healthCheck: health('http', { path: '/ping', port: 8_081 }), outlierDetection: outliers, tls: tls.strict },
			},
		],
		logging: { accessLog: { file: { path: '/dev/null' } } },
		serviceDiscovery: dns('api-v1.every.local', { responseType: 'ENDPOINTS', ipPreference: 'IPv4_PREFERRED' }),
	}),
	node('api-v2', {
		listeners: [
			{ ...mapping(8_080, 'http'), healthCheck: health('tcp'), tls: tls.disabled },
			{ ...mapping(8_082, 'http2'), healthCheck: health('http2', { path: '/ping' }) },
		],
		serviceDiscovery: dns('192.0.2.20', { responseType: 'LOADBALANCER', ipPreference: 'IPv4_ONLY' }),
	}),
	node('grpc', {
		listeners: [{ ...mapping(50_051, 'grpc'), healthCheck: health('grpc'), tls: tls.strict }],
		serviceDiscovery: dns('grpc.every.local.', { ipPreference: 'IPv6_PREFERRED' }),
	}),
	node('db', { listeners: [mapping(3_306, 'tcp')], serviceDiscovery: dns('db.every.local') }),
	node('db-2', { listeners: [mapping(3_307, 'tcp')], serviceDiscovery: dns('192.0.2.10') }),
];

const headers = [
	{ name: 'x-exact', match: { exact: 'a' } },
	{ name: 'x-prefix', match: { prefix: 'a' } },
	{ name: 'x-suffix', match: { suffix: 'a' } },
	{ name: 'x-regex', match: { regex: '(?i)a+' } },
	{ name: 'x-range', match: { range: { start: 1, end: 10 } } },
	{ name: 'x-present' },
	{ name: 'x-absent', invert: true },
	{ name: 'x-other', invert: true, match: { exact: 'b' } },
];
const queryParameters = [{ name: 'q', match: { exact: 'v' } }, { name: 'flag' }];

const httpRoutes: readonly object[] = [
	route('api', 'everything', {
		priority: 0,
		httpRoute: {
			match: { prefix: '/v2', headers, method: 'GET', scheme: 'http', queryParameters, port: 80 },
			action: action(target('api-v1', 90, { port: 8_443 }), target('api-v2', 10, { port: 8_080 })),
			retryPolicy: {
				...{ httpRetryEvents: ['gateway-error', 'client-error', 'stream-error'], tcpRetryEvents: ['connection-error'] },
				...{ maxRetries: 3, perRetryTimeout: { unit: 'ms', value: 250 } },
			},
			timeout: { idle: seconds(20), perRequest: seconds(10) },
		},
	}),
	route('api', 'exact', {
		httpRoute: {
			match: { path: { exact: '/exact' }, port: 80 },
			action: action(target('api-v1'), target('api-v2', 0, { port: 8_080 })),
			retryPolicy: { httpRetryEvents: ['server-error'], maxRetries: 0, perRetryTimeout: seconds(1) },
		},
	}),
	route('api', 'regex', {
		httpRoute: { match: { path: { regex: '/items/[0-9]+' }, port: 80 }, action: action(target('api-v1')) },
	}),
	route('api', 'rest', { httpRoute: { match: { prefix: '/', port: 80 }, action: action(target('api-v1')) } }),
	route('api', 'second', {
		http2Route: { match: { prefix: '/', port: 81 }, action: action(target('api-v2', 1, { port: 8_082 })) },
	}),
];

const otherRoutes: readonly object[] = [
	route('grpc', 'method', {
		priority: 1_000,
		grpcRoute: {
			match: { serviceName: 'every.Api', methodName: 'Get', metadata: headers, port: 50_051 },
			action: action(target('grpc')),
			retryPolicy: {
				...{ grpcRetryEvents: ['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'] },
				...{ httpRetryEvents: ['server-error'], maxRetries: 1, perRetryTimeout: seconds(1) },
			},
			timeout: { idle: seconds(0), perRequest: seconds(0) },
		},
	}),
	route('grpc', 'service', { grpcRoute: { match: { serviceName: 'every.Api' }, action: action(target('grpc')) } }),
	route('grpc', 'all', { grpcRoute: { match: {}, action: action(target('grpc')) } }),
	route('db', 'db', {
		tcpRoute: { action: action(target('db', 1), target('db-2', 0)), timeout: { idle: seconds(3_600) } },
	}),
	route('db-2', 'db-2', { tcpRoute: { match: { port: 3_306 }, action: action(target('db-2', 1, { port: 3_307 })) } }),
];

const gatewayRoute = (gatewayRouteName: string, spec: object): object =>
	resource({ virtualGatewayName: 'door', gatewayRouteName }, spec);
const service = (virtualServiceName: string, port?: number) => ({
	target: { virtualService: { virtualServiceName }, ...(port === undefined ? {} : { port }) },
});

const gatewayRoutes: readonly object[] = [
	gatewayRoute('everything', {
		priority: 5,
		httpRoute: {
			match: {
				prefix: '/api',
				headers,
				method: 'POST',
				queryParameters,
				port: 8_088,
				hostname: { exact: 'every.example' },
			},
			action: service('api.every.local', 80),
		},
	}),
	gatewayRoute('value', {
		httpRoute: {
			match: { prefix: '/old/', port: 8_088, hostname: { suffix: '.every.example' } },
			action: { ...service('api.every.local', 81), rewrite: { prefix: { value: '/new/' } } },
		},
	}),
	gatewayRoute('kept', {
		httpRoute: {
			match: { prefix: '/kept', port: 8_088 },
			action: {
				...service('api.every.local', 80),
				rewrite: { prefix: { defaultPrefix: 'DISABLED' }, hostname: { defaultTargetHostname: 'DISABLED' } },
			},
		},
	}),
	gatewayRoute('path', {
		httpRoute: {
			match: { path: { exact: '/old' }, port: 8_088 },
			action: { ...service('direct.every.local'), rewrite: { path: { exact: '/new' } } },
		},
	}),
	gatewayRoute('regex', {
		http2Route: {
			match: { path: { regex: '/o.*' }, port: 8_089 },
			action: { ...service('nobody.every.local'), rewrite: { path: { exact: '/new' } } },
		},
	}),
	gatewayRoute('grpc', {
		grpcRoute: {
			match: { serviceName: 'every.Api', metadata: headers, port: 50_052, hostname: { exact: 'grpc.example' } },
			action: { ...service('grpc.every.local'), rewrite: { hostname: { defaultTargetHostname: 'ENABLED' } } },
		},
	}),
];

const gateway = (tls: Tls): object =>
	resource(
		{ virtualGatewayName: 'door' },
		{
			listeners: [
				{
					...mapping(8_088, 'http'),
					connectionPool: { http: { maxConnections: 5, maxPendingRequests: 6 } },
					...{ healthCheck: health('http', { path: '/ping' }), tls: tls.permissive },
				},
				{ ...mapping(8_089, 'http2'), connectionPool: { http2: { maxRequests: 7 } }, tls: tls.mutual },
				{ ...mapping(50_052, 'grpc'), connectionPool: { grpc: { maxRequests: 8 } }, tls: tls.bySds },
			],
			...{ backendDefaults: { clientPolicy: tls.policy }, logging: textLog },
		},
	);

/** `folder`: where the certificates are. */
export function everyField(folder = '/etc/turnout/certificates', egressFilter = 'ALLOW_ALL'): readonly object[] {
	const tls = tlsOf(folder);
	return [
		resource({}, { egressFilter: { type: egressFilter }, serviceDiscovery: { ipPreference: 'IPv4_PREFERRED' } }),
		...[client(tls), ...servers(tls)],
		router('api', mapping(80, 'http'), mapping(81, 'http2')),
		router('grpc', mapping(50_051, 'grpc')),
		router('db', mapping(3_306, 'tcp')),
		router('db-2', mapping(3_306, 'tcp')),
		...[...httpRoutes, ...otherRoutes],
		byRouter('api.every.local', 'api'),
		byNode('direct.every.local', 'api-v1'),
		byRouter('grpc.every.local', 'grpc'),
		byRouter('db', 'db'),
		byRouter('192.0.2.10', 'db-2'),
		resource({ virtualServiceName: 'nobody.every.local' }, {}),
		...[gateway(tls), ...gatewayRoutes],
	];
}

/** All whose Envoy's configuration has something of its own. */
export const everyProxy: readonly string[] = [
	...['client', 'api-v1', 'api-v2', 'grpc', 'db', 'db-2'].map((name) => `mesh/${meshName}/virtualNode/${name}`),
	`mesh/${meshName}/virtualGateway/door`,
];

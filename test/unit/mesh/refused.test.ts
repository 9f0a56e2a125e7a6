import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { segmentsOf } from '../../../src/mesh/path.ts';
import { everyField } from '../../support/every-field.ts';
import { loadResources } from '../../support/rendered.ts';

type Fields = Record<string, unknown>;
type Change = readonly [resource: string, path: string, value: unknown];

const keys = [
	'routeName',
	'gatewayRouteName',
	'virtualNodeName',
	'virtualServiceName',
	'virtualRouterName',
	'virtualGatewayName',
];

/** The mesh that has every field, with values put into its resources, or taken out of them. */
function changed(changes: readonly Change[], more: readonly object[] = []): object[] {
	const resources = structuredClone(everyField('/certs')) as Fields[];
	for (const [name, path, value] of changes) {
		const isMeant = (each: Fields) => keys.map((key) => each[key]).find((one) => one !== undefined) === name;
		const found = resources.find(isMeant);
		assert.ok(found, name);
		const segments = segmentsOf(path);
		const last = segments.pop() ?? '';
		const inner = segments.reduce((outer, key) => outer[key] as Fields, found);
		if (value === undefined) delete inner[last];
		else inner[last] = value;
	}
	return [...resources, ...more];
}

const toldOf = (resources: readonly object[]): string[] =>
	loadResources(resources).errors.map(({ path, why, hint }) => `${path}: ${why}; ${hint}`);

/** `change`: or all resources, where it takes more than a value. */
type Row = readonly [what: string, told: RegExp, change: Change | (() => object[])];

const http = 'spec.httpRoute';
const seconds = (value: number) => ({ unit: 's', value });

const meshName = 'every';
const named = (virtualServiceName: string) => ({ virtualService: { virtualServiceName } });
const service = (virtualServiceName: string, virtualRouterName: string) => ({
	...{ meshName, virtualServiceName },
	spec: { provider: { virtualRouter: { virtualRouterName } } },
});
const routerWithoutListeners = () => changed([], [{ meshName, virtualRouterName: 'empty', spec: { listeners: [] } }]);
const twoTcpNames = () => changed([['client', 'spec.backends[3]', named('two.local')]], [service('two.local', 'db')]);
const namesByCase = () =>
	changed([['client', 'spec.backends[5]', named('API.every.local')]], [service('API.every.local', 'api')]);
const tcpOnHttpPort = () =>
	(changed([]) as { virtualRouterName?: string; routeName?: string }[]).map((each) =>
		each.virtualRouterName === 'db' && each.routeName === undefined
			? { ...each, spec: { listeners: [{ portMapping: { port: 80, protocol: 'tcp' } }] } }
			: each,
	);

const matches: readonly Row[] = [
	[
		'a lookahead',
		/path\.regex: Envoy does not take this regex: RE2 has no lookahead.*; see .*Syntax$/,
		['regex', `${http}.match.path.regex`, '/(?!a).*'],
	],
	[
		'a header with a backreference',
		/headers\[3\]\.match\.regex: .*backreferences/,
		['everything', `${http}.match.headers[3].match.regex`, '(a)\\1'],
	],
	[
		'gRPC metadata with a broken regex',
		/metadata\[3\]\.match\.regex: .* a \( is not closed/,
		['method', 'spec.grpcRoute.match.metadata[3].match.regex', '(a'],
	],
	[
		'a prefix without a slash',
		/match\.prefix: "v2" does not start with \//,
		['everything', `${http}.match.prefix`, 'v2'],
	],
	['a path without a slash', /path\.exact: "exact" does not start/, ['exact', `${http}.match.path.exact`, 'exact']],
	['path and prefix', /match\.path: path and prefix are both there/, ['exact', `${http}.match.prefix`, '/']],
	[
		'a path that is nothing',
		/match\.path: exactly one field is needed; one of exact, regex/,
		['exact', `${http}.match.path`, {}],
	],
	[
		'an empty range',
		/range: the range is empty/,
		['everything', `${http}.match.headers[4].match.range`, { start: 3, end: 3 }],
	],
	[
		'a header that is no header',
		/"x y" is no name of a header/,
		['everything', `${http}.match.headers[0].name`, 'x y'],
	],
	[
		'a method of no service',
		/methodName: a method without its service/,
		['method', 'spec.grpcRoute.match.serviceName', undefined],
	],
	[
		'a name of a parameter that is longer than Envoy takes',
		/queryParameters\[0\]\.name: it has 1026 bytes; at most 1024/,
		['everything', `${http}.match.queryParameters[0].name`, 'é'.repeat(513)],
	],
	[
		'an unknown retry event',
		/httpRetryEvents\[0\]: unknown value "oops"; one of server-error, /,
		['exact', `${http}.retryPolicy.httpRetryEvents[0]`, 'oops'],
	],
	['NUL in a name', /"x\\u0000" has a control character/, ['everything', `${http}.match.headers[0].name`, 'x\0']],
	['half a character', /has half of a character/, ['exact', `${http}.match.path.exact`, '/\ud800']],
	[
		'no port where the router has several',
		/match\.port: virtual router "api" has several listeners.*; write match\.port: 80 \(http\), 81 \(http2\)$/,
		['rest', `${http}.match.port`, undefined],
	],
	[
		'a port that the router has not',
		/match\.port: virtual router "api" does not listen on 82/,
		['rest', `${http}.match.port`, 82],
	],
	[
		'a route of the other port',
		/httpRoute does not fit virtual router "api", which has http2; .*#82/,
		['rest', `${http}.match.port`, 81],
	],
	[
		'a target that has several ports',
		/weightedTargets\[1\]\.virtualNode: virtual node "api-v2" has several listeners; write port .*#93/,
		['exact', `${http}.action.weightedTargets[1].port`, undefined],
	],
	[
		'a target of another protocol',
		/listens with .*which does not fit the route's http; .*#82/,
		['exact', `${http}.action.weightedTargets[1].port`, 8_082],
	],
];

const nodes: readonly Row[] = [
	[
		'one port twice',
		/listeners\[1\]\.portMapping\.port: port 8080 stands twice/,
		['client', 'spec.listeners[1].portMapping.port', 8_080],
	],
	[
		'a timeout of another protocol',
		/timeout\.http: http does not fit the listener, which has tcp; write tcp instead/,
		['client', 'spec.listeners[1].timeout', { http: { idle: seconds(1) } }],
	],
	[
		'a pool of another protocol',
		/connectionPool\.grpc: grpc does not fit the listener, which has http/,
		['client', 'spec.listeners[0].connectionPool', { grpc: { maxRequests: 1 } }],
	],
	[
		'grpc asked of http',
		/healthCheck\.protocol: Envoy cannot ask a listener with http by grpc/,
		['api-v1', 'spec.listeners[0].healthCheck.protocol', 'grpc'],
	],
	[
		'a health check of no path',
		/healthCheck\.path: "ping" does not start/,
		['api-v1', 'spec.listeners[0].healthCheck.path', 'ping'],
	],
	[
		'ejection for no time',
		/outlierDetection\.interval: it takes no time/,
		['api-v1', 'spec.listeners[0].outlierDetection.interval', {}],
	],
	[
		'a negative time',
		/interval\.value: -1 is out of bounds; from 0 to/,
		['api-v1', 'spec.listeners[0].outlierDetection.interval', seconds(-1)],
	],
	[
		'a time as text',
		/interval: "3 seconds" is not an object/,
		['api-v1', 'spec.listeners[0].outlierDetection.interval', '3 seconds'],
	],
	[
		'more than Envoy can count',
		/maxServerErrors: 3000000000 is out of bounds/,
		['api-v1', 'spec.listeners[0].outlierDetection.maxServerErrors', 3e9],
	],
	[
		'acm for a listener',
		/tls\.certificate\.acm: acm is not supported; .*certificate\.file/,
		['api-v1', 'spec.listeners[0].tls.certificate', { acm: { certificateArn: 'a' } }],
	],
	[
		'acm for all backends',
		/backendDefaults\.clientPolicy\.tls\.validation\.trust\.acm: acm is not supported; .*trust\.file/,
		['client', 'spec.backendDefaults.clientPolicy.tls.validation.trust', { acm: { certificateAuthorityArns: ['a'] } }],
	],
	[
		'acm for one backend',
		/backends\[1\]\.virtualService\.clientPolicy\.tls\.validation\.trust\.acm/,
		[
			'client',
			'spec.backends[1].virtualService.clientPolicy.tls.validation.trust',
			{ acm: { certificateAuthorityArns: ['a'] } },
		],
	],
	[
		'Cloud Map',
		/awsCloudMap: awsCloudMap is not supported; use dns\.hostname/,
		['db', 'spec.serviceDiscovery', { awsCloudMap: { namespaceName: 'n', serviceName: 's' } }],
	],
	['a name of no host', /hostname: "a b" is no host name/, ['db', 'spec.serviceDiscovery.dns.hostname', 'a b']],
	['a dot for a host', /hostname: "\." is no host name/, ['db', 'spec.serviceDiscovery.dns.hostname', '.']],
	[
		'a name of a host that DNS has no room for',
		/hostname: "x+…" is no host name; .*253 bytes/,
		['db', 'spec.serviceDiscovery.dns.hostname', 'x'.repeat(254)],
	],
	[
		'the same in letters of several bytes',
		/hostname: "é+…" is no host name/,
		['db', 'spec.serviceDiscovery.dns.hostname', 'é'.repeat(127)],
	],
	[
		'a log format that is none',
		/format\.json\[0\]\.value: no operator of Envoy: "%start%"/,
		['client', 'spec.logging.accessLog.file.format.json[0].value', '%start%'],
	],
	[
		'a log format with the argument of an operator on two lines',
		/format\.json\[0\]\.value: no operator of Envoy: "%REQ\(A\\nB\)%"/,
		['client', 'spec.logging.accessLog.file.format.json[0].value', '%REQ(A\nB)%'],
	],
	[
		'a router without listeners',
		/^spec: it has no listener, so that its services have no port/,
		routerWithoutListeners,
	],
	[
		'tcp and HTTP on one port',
		/^spec\.backends\[2\]: port 80 has tcp \("db"\) and HTTP \("api\.every\.local"\), which cannot be told apart; .*#175/,
		tcpOnHttpPort,
	],
	[
		'two tcp services that have only names',
		/^spec\.backends\[3\]: "two\.local" has port 3306 with tcp, as has "db", so that .*; give .*#195/,
		twoTcpNames,
	],
	[
		'names that differ in case alone',
		/^spec\.backends\[5\]: requests to "API\.every\.local" on port 80 cannot be told from those of "api\.every\.local"/,
		namesByCase,
	],
];

const gateways: readonly Row[] = [
	[
		'a path rewritten where none is matched',
		/rewrite\.path: a path is rewritten, but none is matched/,
		['kept', `${http}.action.rewrite`, { path: { exact: '/a' } }],
	],
	[
		'a prefix rewritten where a path is matched',
		/rewrite\.prefix: a prefix is rewritten, but a path is matched/,
		['path', `${http}.action.rewrite`, { prefix: { value: '/a' } }],
	],
	[
		'both ways to rewrite',
		/rewrite\.prefix: defaultPrefix and value are both there/,
		['value', `${http}.action.rewrite.prefix.defaultPrefix`, 'ENABLED'],
	],
	[
		'a value without a slash',
		/prefix\.value: "new" does not start/,
		['value', `${http}.action.rewrite.prefix.value`, 'new'],
	],
	[
		'both kinds of host',
		/match\.hostname: exactly one field is needed/,
		['value', `${http}.match.hostname`, { exact: 'a', suffix: 'b' }],
	],
	[
		'a host that no request can name',
		/match\.hostname\.suffix: "\.ü\.example" is no host name; .*xn--/,
		['value', `${http}.match.hostname.suffix`, '.ü.example'],
	],
	[
		'a service that is none',
		/target\.virtualService\.virtualServiceName: no virtualService is called "no"/,
		['path', `${http}.action.target.virtualService.virtualServiceName`, 'no'],
	],
	[
		'a port that the service has not',
		/action\.target: virtual service "direct\.every\.local" has no port 1; it has 8443 \(http\).*#93/,
		['path', `${http}.action.target.port`, 1],
	],
	[
		'no port where the service has several',
		/action\.target: virtual service "api\.every\.local" has several ports/,
		['kept', `${http}.action.target.port`, undefined],
	],
	[
		'a service with tcp',
		/takes tcp, which a gateway has no routes for/,
		['path', `${http}.action.target.virtualService.virtualServiceName`, 'db'],
	],
	[
		'no port where the gateway has several',
		/match\.port: virtual gateway "door" has several listeners/,
		['path', `${http}.match.port`, undefined],
	],
	[
		'a port that the gateway has not',
		/match\.port: virtual gateway "door" does not listen on 1/,
		['path', `${http}.match.port`, 1],
	],
	[
		'a route of another protocol',
		/httpRoute does not fit virtual gateway "door", which has http2/,
		['path', `${http}.match.port`, 8_089],
	],
	[
		'a gateway that is none',
		/^virtualGatewayName: no virtualGateway is called "dor"; did you mean "door"\?/,
		['path', 'virtualGatewayName', 'dor'],
	],
	[
		'two kinds of route at once',
		/^spec: exactly one kind of route is needed; httpRoute, http2Route or grpcRoute/,
		['path', 'spec.grpcRoute', { match: {}, action: { target: { virtualService: { virtualServiceName: 'db' } } } }],
	],
];

for (const [part, rows] of Object.entries({ matches, nodes, gateways }))
	describe(`what Envoy would refuse, or never use, is refused before it is sent: ${part}`, () => {
		for (const [what, told, change] of rows)
			test(what, () => {
				const found = toldOf(typeof change === 'function' ? change() : changed([change]));
				assert.ok(
					found.some((each) => told.test(each)),
					found.join('\n'),
				);
			});
	});

test('a second tcpRoute would never be taken', () => {
	const second = {
		meshName,
		virtualRouterName: 'db',
		routeName: 'late',
		spec: { tcpRoute: { action: { weightedTargets: [{ virtualNode: 'db', weight: 1 }] } } },
	};
	assert.match(
		toldOf(changed([], [second])).join(),
		/^spec\.tcpRoute: virtual router "db" has a tcpRoute already, "db"/,
	);
});

test('what the CLI writes as null is not there', () => {
	assert.deepEqual(
		toldOf(
			changed([
				['api-v2', 'spec.listeners[0].timeout', null],
				['api-v2', 'spec.backends', null],
			]),
		),
		[],
	);
});

test('what every object has is no field', () => {
	assert.match(
		toldOf(changed([['api-v2', 'spec.constructor', {}]])).join(),
		/^spec\.constructor: unknown field "constructor"/,
	);
});

test('a service may not have the name of what ALLOW_ALL lets out', () => {
	for (const name of ['*', 'mesh_allow_all']) {
		const resources = changed([['client', 'spec.backends[5]', named(name)]], [service(name, 'api')]);
		assert.match(toldOf(resources).join(), /on port 80 cannot be told from those of egressFilter ALLOW_ALL/);
	}
});

test('a gateway cannot tell names apart that differ in case alone', () => {
	const target = `${http}.action.target.virtualService.virtualServiceName`;
	const resources = changed([['kept', target, 'API.every.local']], [service('API.every.local', 'api')]);
	assert.match(
		toldOf(resources).join(),
		/requests to "API\.every\.local" cannot be told from those of "api\.every\.local"/,
	);
});

test('a gateway cannot tell a service from all others if it is called *', () => {
	const target = `${http}.action.target.virtualService.virtualServiceName`;
	const resources = changed([['kept', target, '*']], [service('*', 'api')]);
	assert.match(toldOf(resources).join(), /requests to "\*" cannot be told from those of all other services/);
});

test('the argument of an operator in a log format may have a bracket', () => {
	const path = 'spec.logging.accessLog.file.format.json[0].value';
	assert.deepEqual(toldOf(changed([['client', path, '%START_TIME(%Y)x)% %QUERY_PARAM(a):3%']])), []);
});

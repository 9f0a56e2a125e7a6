// Every error of the API, provoked, and what it says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiError, apiErrors } from '../../../src/control/api-failure.ts';
import { parseQuotas } from '../../../src/control/quotas.ts';
import { Failure } from '../../../src/failure.ts';
import { apiResources } from '../../support/api-resources.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { type Ask, serveApi } from '../../support/served-api.ts';

interface Refusal {
	readonly what: string;
	readonly request: readonly [method: string, path: string, body?: object | string, host?: string];
	readonly type: ApiError;
	readonly says: RegExp;
}

const nodes = '/meshes/m/virtualNodes';
const createNode = (spec: object) => ['PUT', nodes, { virtualNodeName: 'new', spec }] as const;
const listener = { portMapping: { port: 80, protocol: 'http' } };

const refusals: readonly Refusal[] = [
	...(
		[
			[
				'a field that is misspelt',
				createNode({ listener: [] }),
				/^spec\.listener: unknown field "listener"; did you mean listeners\?/,
			],
			[
				'a value out of bounds',
				createNode({ listeners: [{ portMapping: { port: 0, protocol: 'http' } }] }),
				/^spec\.listeners\[0\]\.portMapping\.port: 0 is out of bounds; from 1 to 65535$/,
			],
			['several mistakes', createNode({ backends: 1, logging: 2 }), /^spec\.backends: .*\nspec\.logging: /],
			['a body that is no object', ['PUT', nodes, '[]'], /^the body is not a JSON object/],
			['a body that is no JSON', ['PUT', nodes, '{'], /^the body is not a JSON object/],
			['a body that is nested too deep', ['PUT', nodes, `${'['.repeat(100_000)}`], /^the body is not a JSON object/],
			[
				'a name whose ARN is that of something else',
				['PUT', '/meshes/m/virtualRouters', { virtualRouterName: 'r/route/x', spec: {} }],
				/^virtualRouterName: "r\/route\/x" has a slash or a colon, so that its ARN could be read in two ways; take/,
			],
			[
				"a name that a policy's wildcard would not go past",
				['PUT', '/meshes', { meshName: 'm:n' }],
				/^meshName: "m:n" has a slash or a colon/,
			],
			[
				'a hundred thousand mistakes',
				createNode({ backends: Array.from({ length: 100_000 }, () => 0) }),
				/^(spec.*\n){100}and 99900 more mistakes$/,
			],
			['a name that is missing', ['PUT', nodes, { spec: {} }], /^"virtualNodeName" is missing$/],
			['a name in the path that is none', ['GET', '/meshes/%ff'], /"%ff" in the path is no name/],
			['a limit that is none', ['GET', '/meshes?limit=101'], /^limit is "101"; a whole number from 1 to 100$/],
			['a token of nobody', ['GET', '/meshes?nextToken=abc'], /^nextToken "abc" is none of ours/],
			[
				'a tag without a value',
				['PUT', '/meshes', { meshName: 'a', tags: [{ key: 'k' }] }],
				/^tags\[0\]: "value" is missing/,
			],
			[
				'Cloud Map',
				createNode({
					listeners: [listener],
					serviceDiscovery: { awsCloudMap: { namespaceName: 'n', serviceName: 's' } },
				}),
				/^spec\.serviceDiscovery\.awsCloudMap: awsCloudMap is not supported; use dns\.hostname/,
			],
			[
				'a certificate of ACM',
				createNode({
					listeners: [{ ...listener, tls: { mode: 'STRICT', certificate: { acm: { certificateArn: 'arn' } } } }],
				}),
				/acm is not supported; .*certificate\.file/,
			],
			[
				'a mesh of another account',
				['GET', '/meshes/m?meshOwner=111122223333'],
				/not shared between accounts \(AWS RAM\) here; leave meshOwner out, or give 123456789012/,
			],
			[
				'a body of more than a megabyte',
				['PUT', nodes, 'x'.repeat(1024 * 1024 + 1)],
				/^the body has over 1048576 bytes/,
			],
		] as const
	).map(([what, request, says]): Refusal => ({ what, request, says, type: 'BadRequestException' })),
	...(
		[
			['a mesh that is misspelt', ['GET', '/meshes/n'], /^no mesh is called "n"; did you mean "m"\?$/],
			['a node in a mesh that is not there', ['GET', '/meshes/x/virtualNodes/n'], /^no mesh is called "x"/],
			[
				'a list of a router that is not there',
				['GET', '/meshes/m/virtualRouter/R/routes'],
				/^no virtualRouter is called "R" in mesh "m"; did you mean "r"\?/,
			],
			[
				'a route of a router that is not there',
				['PUT', '/meshes/m/virtualRouter/x/routes', { routeName: 'a', spec: {} }],
				/^no virtualRouter is called "x"/,
			],
			[
				'a target that is not there',
				[
					'PUT',
					'/meshes/m/virtualRouter/r/routes',
					{
						routeName: 'a',
						spec: {
							httpRoute: { match: { prefix: '/a' }, action: { weightedTargets: [{ virtualNode: 'N', weight: 1 }] } },
						},
					},
				],
				/^spec\.httpRoute\.action\.weightedTargets\[0\]\.virtualNode: no virtualNode is called "N"; did you mean "n"\?$/,
			],
			[
				'a provider that is not there',
				[
					'PUT',
					'/meshes/m/virtualServices',
					{ virtualServiceName: 'b', spec: { provider: { virtualRouter: { virtualRouterName: 'R' } } } },
				],
				/^spec\.provider\.virtualRouter\.virtualRouterName: no virtualRouter is called "R"/,
			],
			[
				'tags of an ARN that nothing has',
				['GET', '/tags?resourceArn=arn:aws:appmesh:x:1:mesh/m'],
				/^nothing has the ARN .*; ARNs are written like arn:aws:appmesh:eu-west-1:123456789012:mesh\/m/,
			],
			['tags without an ARN', ['PUT', '/tag', { tags: [] }], /^nothing has the ARN ""/],
		] as const
	).map(([what, request, says]): Refusal => ({ what, request, says, type: 'NotFoundException' })),
	...(
		[
			[
				'a mesh with something in it',
				'/meshes/m',
				/^mesh "m" is in use by virtualNode "n", virtualRouter "r", route "all" of "r", .* and 1 more; delete/,
			],
			[
				'the target of a route',
				'/meshes/m/virtualNodes/n',
				/^virtualNode "n" is in use by route "all" of "r" \(spec\.httpRoute\.action\.weightedTargets\[0\]\.virtualNode\)/,
			],
			[
				'a router with routes',
				'/meshes/m/virtualRouters/r',
				/in use by route "all" of "r", virtualService "s\.local" \(spec\.provider/,
			],
			['the target of a gateway route', '/meshes/m/virtualServices/s.local', /in use by gatewayRoute "all" of "g"/],
			['a gateway with routes', '/meshes/m/virtualGateways/g', /in use by gatewayRoute "all" of "g"/],
		] as const
	).map(([what, path, says]): Refusal => ({ what, request: ['DELETE', path], says, type: 'ResourceInUseException' })),
	{
		what: 'a name that is taken',
		request: ['PUT', '/meshes', { meshName: 'm' }],
		type: 'ConflictException',
		says: /^there is a mesh "m" already/,
	},
	{
		what: 'another path',
		request: ['GET', '/mesh'],
		type: 'UnknownOperationException',
		says: /no operation GET "\/v20190125\/mesh"; the API of App Mesh is below/,
	},
	{
		what: 'another method',
		request: ['POST', '/meshes'],
		type: 'UnknownOperationException',
		says: /no operation POST/,
	},
	{
		what: 'a page of a browser whose name leads here',
		request: ['GET', '/meshes', '', 'evil.example:8474'],
		type: 'ForbiddenException',
		says: /^without keys only this host itself is answered, not "evil\.example:8474"/,
	},
];

async function makeAll(ask: Ask): Promise<void> {
	for (const { kind, collection, name, spec } of apiResources)
		await ask('PUT', collection, { [`${kind}Name`]: name, spec });
}

describe('what is refused', async () => {
	const api = await serveApi();
	await makeAll(api.ask);
	const before = await api.store.list();

	for (const { what, request, type, says } of refusals)
		test(what, async () => {
			const reply = await api.ask(...request);
			assert.match(reply.message, says);
			assert.deepEqual([reply.type, reply.status], [type, apiErrors[type]]);
			assert.equal(reply.body.__type, type);
		});

	test('nothing of it has changed anything', async () => {
		assert.deepEqual(await api.store.list(), before);
		await api[Symbol.asyncDispose]();
	});
});

test('a mesh of which there are definitions, and that is not among them', async () => {
	await using api = await serveApi();
	await makeAll(api.ask);
	const [node] = (await api.store.list()).entries.filter(({ resource }) => resource.kind === 'virtualNode');
	assert.ok(node?.resource.kind === 'virtualNode');
	await api.store.put({ ...node, resource: { ...node.resource, mesh: 'x' } });
	const missing = await api.ask('GET', '/meshes/x/virtualNodes');
	assert.equal(missing.type, 'NotFoundException');
	assert.match(
		missing.message,
		/^no mesh is called "x"; there are definitions of it, but the mesh itself .*: create it$/,
	);
	await api.ask('PUT', '/meshes', { meshName: 'x' });
	assert.equal((await api.ask('GET', '/meshes/x/virtualNodes')).body.virtualNodes.length, 1);
});

test('who sends more than is read is answered, and hung up on', async () => {
	await using api = await serveApi();
	const client = connect(api.socket);
	client.on('error', () => undefined);
	client.write('PUT /v20190125/meshes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n');
	client.write('x'.repeat(1024 * 1024 + 1));
	const reply = await text(client);
	assert.match(
		reply,
		/^HTTP\/1\.1 400 .*\r\nx-amzn-errortype: BadRequestException\r\n.*the body has over 1048576 bytes/is,
	);
	assert.match(reply, /^connection: close\r$/im);
});

test('who hangs up within the body is no defect', async () => {
	await using api = await serveApi();
	const client = connect(api.socket);
	client.write('PUT /v20190125/meshes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"mesh');
	await once(client, 'connect');
	client.destroy();
	// Its answer comes after the server has seen the other go.
	await sleep(50);
	assert.equal((await api.ask('GET', '/meshes')).status, 200);
	assert.deepEqual(api.events, []);
});

test('more than 50 tags', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	const path = '/tag?resourceArn=arn:aws:appmesh:eu-west-1:123456789012:mesh/m';
	const tags = (from: number) => ({
		tags: Array.from({ length: 30 }, (_, at) => ({ key: `k${from + at}`, value: '' })),
	});
	assert.equal((await api.ask('PUT', path, tags(0))).status, 200);
	const { type, message } = await api.ask('PUT', path, tags(25));
	assert.deepEqual([type, message], ['TooManyTagsException', 'it would have 55 tags; 50 are allowed; none was added']);
	assert.equal((await api.ask('PUT', path, tags(20))).status, 200);
});

test('each limit', async () => {
	const quotas = parseQuotas(
		'meshes=1,virtualNodes=1,virtualRouters=1,virtualServices=1,routesPerVirtualRouter=1,backendsPerVirtualNode=1',
	);
	await using api = await serveApi({ quotas });
	await makeAll(api.ask);
	const limited = apiResources.filter(({ kind }) => !/gateway/i.test(kind));
	for (const { kind, collection, spec } of limited) {
		const { type, message, status } = await api.ask('PUT', collection, { [`${kind}Name`]: 'another', spec });
		assert.deepEqual([type, status], ['LimitExceededException', 400], kind);
		assert.match(message, /which is the limit or above; raise it: turnout control --limits \w+=NUMBER$/);
	}
	const backends = ['a', 'b'].map((virtualServiceName) => ({ virtualService: { virtualServiceName } }));
	const { type } = await api.ask('PUT', `${nodes}/n`, { spec: { ...apiResources[1]?.spec, backends } });
	assert.equal(type, 'LimitExceededException');
	assert.throws(() => parseQuotas('virtualnodes=1'), /no limit is called "virtualnodes"; did you mean virtualNodes\?/);
	assert.throws(() => parseQuotas('meshes=many'), /"many" is no number for meshes/);
});

test('what stands together with others is not changed by the API', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	api.store.fixed = 'it is defined at all.yaml:1, together with others';
	for (const method of ['PUT', 'DELETE']) {
		const { type, message } = await api.ask(method, '/meshes/m');
		assert.equal(type, 'ForbiddenException');
		assert.match(message, /mesh\/m cannot be changed here; it is defined at all\.yaml:1/);
	}
});

test('whom the policies refuse', async () => {
	const asked: unknown[] = [];
	await using api = await serveApi(
		{},
		{
			authorise: () => ({
				name: 'alice',
				denies: (action, resource) => {
					asked.push([action, resource.replace('arn:aws:appmesh:eu-west-1:123456789012:', '')]);
					return `no policy allows ${action}`;
				},
			}),
		},
	);
	const { type, message, status } = await api.ask('PUT', '/meshes/m/virtualRouter/r/routes', { routeName: 'a' });
	assert.deepEqual([type, message, status], ['ForbiddenException', 'no policy allows appmesh:CreateRoute', 403]);
	for (const path of [
		'/meshes',
		'/meshes/m',
		nodes,
		'/meshes/m/virtualGateway/g/gatewayRoutes',
		'/tags?resourceArn=arn%3Aaws%3Ax',
	])
		await api.ask('GET', path);
	assert.deepEqual(asked, [
		['appmesh:CreateRoute', 'mesh/m/virtualRouter/r/route/a'],
		['appmesh:ListMeshes', '*'],
		['appmesh:DescribeMesh', 'mesh/m'],
		['appmesh:ListVirtualNodes', 'mesh/m'],
		['appmesh:ListGatewayRoutes', 'mesh/m/virtualGateway/g'],
		['appmesh:ListTagsForResource', 'arn:aws:x'],
	]);
});

test('more changes than can be made', async () => {
	const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
	const store = createMemoryStore();
	const slow = { ...store, list: () => stuck.then(store.list) };
	await using api = await serveApi({ store: slow });
	const all = Array.from({ length: 70 }, (_, at) => api.ask('PUT', '/meshes', { meshName: `m${at}` }));
	let refused = 0;
	for (const each of all)
		void each.then(({ type, status }) => {
			if (type !== 'TooManyRequestsException' || status !== 429) return;
			refused += 1;
			// Those that wait are let go once all the others were refused.
			if (refused === 6) release();
		});
	await Promise.all(all);
	assert.equal(refused, 6);
	assert.equal((await api.ask('GET', '/meshes')).status, 200);
});

for (const [what, thrown, type, says] of [
	[
		'a disk that is full',
		new Failure('state', 'Cannot change the definitions /d/m.yaml: its disk is full', 'Free some'),
		'ServiceUnavailableException',
		/^Cannot change the definitions \/d\/m\.yaml: its disk is full; Free some$/,
	],
	[
		'what nobody foresaw',
		new TypeError('x is undefined'),
		'InternalServerErrorException',
		/x is undefined; This is a defect of turnout/,
	],
] as const)
	test(what, async () => {
		const store = { ...createMemoryStore(), put: () => Promise.reject(thrown) };
		await using api = await serveApi({ store });
		const reply = await api.ask('PUT', '/meshes', { meshName: 'm' });
		assert.match(reply.message, says);
		assert.deepEqual([reply.type, reply.status], [type, apiErrors[type]]);
		assert.equal(api.events[0]?.['event'], 'request failed');
	});

test('a resource that others keep changing', async () => {
	const store = { ...createMemoryStore(), put: async () => 'outdated' as const };
	await using api = await serveApi({ store });
	const { type, status } = await api.ask('PUT', '/meshes', { meshName: 'm' });
	assert.deepEqual([type, status], ['ServiceUnavailableException', 503]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Given, readText } from '../../support/imported.ts';

const object = (kind: string, metadata: string, spec: string): string =>
	`apiVersion: appmesh.k8s.aws/v1beta2\nkind: ${kind}\nmetadata: {${metadata}}\nspec: {${spec}}\n`;

const manifests = (...objects: readonly string[]): string => objects.join('---\n');
const mesh = object('Mesh', 'name: m', '');

/** Without the mesh, which is in all of them. */
const resourcesOf = (given: Given, ...objects: readonly string[]): unknown[] => {
	const { resources, errors } = readText(manifests(mesh, ...objects), given);
	assert.deepEqual(errors, []);
	return JSON.parse(JSON.stringify(resources.slice(1)));
};

const errorsOf = (...objects: readonly string[]): string => readText(manifests(mesh, ...objects)).errors.join('\n');

const targets = (list: string) => `action: {weightedTargets: [${list}]}`;

describe('names and references of Kubernetes', () => {
	test('a name is NAME_NAMESPACE, of a virtual service NAME.NAMESPACE, unless awsName says it', () => {
		const listeners = 'listeners: [{portMapping: {port: 80, protocol: http}}]';
		assert.deepEqual(
			resourcesOf(
				{},
				object('VirtualNode', 'name: a, namespace: n', ''),
				object('VirtualNode', 'name: a', ''),
				object('VirtualNode', 'name: b, namespace: n', "awsName: ''"),
				object('VirtualNode', 'name: c, namespace: n', 'awsName: given'),
				object('VirtualRouter', 'name: r, namespace: n', ''),
				object('VirtualService', 'name: s, namespace: n', ''),
				object('VirtualGateway', 'name: g, namespace: n', listeners),
			).map((resource) => Object.values(resource as object)[1]),
			['s.n', 'r_n', 'a_default', 'a_n', 'b_n', 'given', 'g_n'],
		);
	});

	test('the namespace of objects without one is a parameter', () => {
		assert.deepEqual(resourcesOf({ namespace: 'prod' }, object('VirtualNode', 'name: a', '')), [
			{ meshName: 'm', virtualNodeName: 'a_prod', spec: {} },
		]);
	});

	test('references follow awsName of what is there, and the rules for what is not; ARNs hold the name', () => {
		const backends = [
			'{virtualService: {virtualServiceRef: {name: here}}}',
			'{virtualService: {virtualServiceRef: {name: there, namespace: other}}}',
			"{virtualService: {virtualServiceARN: 'arn:aws:appmesh:eu-west-1:123456789012:mesh/m/virtualService/far.example'}}",
		];
		const [, node] = resourcesOf(
			{},
			object('VirtualService', 'name: here, namespace: n', 'awsName: here.example'),
			object('VirtualNode', 'name: a, namespace: n', `backends: [${backends.join(', ')}]`),
		);
		assert.deepEqual(node, {
			meshName: 'm',
			virtualNodeName: 'a_n',
			spec: {
				backends: ['here.example', 'there.other', 'far.example'].map((virtualServiceName) => ({
					virtualService: { virtualServiceName },
				})),
			},
		});
	});

	test('routes stand in their router, which is their parent', () => {
		const route = `{name: one, priority: 3, tcpRoute: {match: {port: 9}, ${targets('{virtualNodeRef: {name: a}, weight: 1, port: 80}')}}}`;
		const other = `{name: two, grpcRoute: {match: {serviceName: x}, ${targets("{virtualNodeARN: 'arn:aws:appmesh:r:1:mesh/m/virtualNode/b', weight: 2}")}}}`;
		assert.deepEqual(
			resourcesOf({}, object('VirtualRouter', 'name: r, namespace: n', `routes: [${route}, ${other}]`)),
			[
				{ meshName: 'm', virtualRouterName: 'r_n', spec: {} },
				{
					...{ meshName: 'm', virtualRouterName: 'r_n', routeName: 'one' },
					spec: {
						priority: 3,
						tcpRoute: {
							action: { weightedTargets: [{ port: 80, virtualNode: 'a_n', weight: 1 }] },
							match: { port: 9 },
						},
					},
				},
				{
					...{ meshName: 'm', virtualRouterName: 'r_n', routeName: 'two' },
					spec: {
						grpcRoute: { action: { weightedTargets: [{ virtualNode: 'b', weight: 2 }] }, match: { serviceName: 'x' } },
					},
				},
			],
		);
	});

	test('a provider may be a node or a router', () => {
		const resources = resourcesOf(
			{},
			object('VirtualService', 'name: s, namespace: n', 'provider: {virtualNode: {virtualNodeRef: {name: a}}}'),
			object(
				'VirtualService',
				'name: t, namespace: n',
				'provider: {virtualRouter: {virtualRouterRef: {name: r, namespace: o}}}',
			),
		);
		assert.deepEqual(resources, [
			{ meshName: 'm', virtualServiceName: 's.n', spec: { provider: { virtualNode: { virtualNodeName: 'a_n' } } } },
			{ meshName: 'm', virtualServiceName: 't.n', spec: { provider: { virtualRouter: { virtualRouterName: 'r_o' } } } },
		]);
	});

	test('the services of backend groups are backends; the group * is all of a namespace', () => {
		const [, , one, all] = resourcesOf(
			{},
			object('BackendGroup', 'name: g, namespace: n', 'virtualservices: [{name: s}, {name: t, namespace: o}]'),
			object('VirtualService', 'name: s, namespace: n', ''),
			object('VirtualService', 'name: t, namespace: o', ''),
			object('VirtualNode', 'name: a, namespace: n', 'backendGroups: [{name: g}]'),
			object('VirtualNode', 'name: b, namespace: n', "backendGroups: [{name: '*', namespace: o}]"),
		) as { spec: { backends: { virtualService: { virtualServiceName: string } }[] } }[];
		const namesOf = (node: typeof one) =>
			node?.spec.backends.map(({ virtualService }) => virtualService.virtualServiceName);
		assert.deepEqual([namesOf(one), namesOf(all)], [['s.n', 't.o'], ['t.o']]);
	});

	test('fields that the controller spells otherwise', () => {
		const validation = 'validation: {trust: {acm: {certificateAuthorityARNs: [x]}}}';
		const listener =
			'tls: {mode: STRICT, certificate: {acm: {certificateARN: y}}}, portMapping: {port: 1, protocol: tcp}';
		const { resources } = readText(
			manifests(
				object(
					'Mesh',
					'name: m',
					'egressFilter: {type: ALLOW_ALL}, meshServiceDiscovery: {ipPreference: IPv4_ONLY}, meshOwner: x',
				),
				object(
					'VirtualNode',
					'name: a',
					`listeners: [{${listener}}], backendDefaults: {clientPolicy: {tls: {${validation}}}}`,
				),
			),
		);
		assert.deepEqual(JSON.parse(JSON.stringify(resources)), [
			{ meshName: 'm', spec: { egressFilter: { type: 'ALLOW_ALL' }, serviceDiscovery: { ipPreference: 'IPv4_ONLY' } } },
			{
				...{ meshName: 'm', virtualNodeName: 'a_default' },
				spec: {
					backendDefaults: {
						clientPolicy: { tls: { validation: { trust: { acm: { certificateAuthorityArns: ['x'] } } } } },
					},
					listeners: [
						{
							portMapping: { port: 1, protocol: 'tcp' },
							tls: { certificate: { acm: { certificateArn: 'y' } }, mode: 'STRICT' },
						},
					],
				},
			},
		]);
	});
});

describe('which gateway a route belongs to', () => {
	const listeners = 'listeners: [{portMapping: {port: 80, protocol: http}}]';
	const gateway = (name: string, selector: string) =>
		object(
			'VirtualGateway',
			`name: ${name}, namespace: n`,
			`${listeners}, gatewayRouteSelector: {matchLabels: {${selector}}}`,
		);
	const route = (metadata: string, spec = '') =>
		object(
			'GatewayRoute',
			`name: x, namespace: n${metadata}`,
			`${spec}httpRoute: {match: {prefix: /}, action: {target: {virtualService: {virtualServiceRef: {name: s}}}}}`,
		);
	const gatewayOf = (...objects: readonly string[]) =>
		(resourcesOf({}, ...objects) as { virtualGatewayName?: string; gatewayRouteName?: string }[]).find(
			({ gatewayRouteName }) => gatewayRouteName !== undefined,
		)?.virtualGatewayName;

	test('the only one', () => assert.equal(gatewayOf(gateway('g', ''), route('')), 'g_n'));
	test('the one that selects its labels', () =>
		assert.equal(gatewayOf(gateway('g', 'a: b'), gateway('h', 'a: c'), route(', labels: {a: c}')), 'h_n'));
	test('the one that it names', () =>
		assert.equal(gatewayOf(gateway('g', ''), gateway('h', ''), route('', 'virtualGatewayRef: {name: g}, ')), 'g_n'));
	test('none that can be told', () =>
		assert.match(
			errorsOf(gateway('g', ''), gateway('h', ''), route('')),
			/it may belong to any virtual gateway.*; write spec\.virtualGatewayRef\.name/,
		));
});

describe('which mesh an object belongs to', () => {
	const node = object('VirtualNode', 'name: a', '');
	const two = manifests(mesh, object('Mesh', 'name: k', 'awsName: other'), node);
	test('with two meshes it is asked for', () =>
		assert.match(
			readText(two).errors.join(),
			/^11: : it may belong to any of the meshes "m", "other"; name its mesh with the parameter meshName$/,
		));
	test('the one of the parameter', () =>
		assert.equal(readText(two, { meshName: 'other' }).resources.at(-1)?.['meshName'], 'other'));
	test('the one that the controller has written into it', () => {
		const text = manifests(two, object('VirtualNode', 'name: b', 'meshRef: {name: k, uid: x}'));
		assert.equal(readText(text, { meshName: 'm' }).resources.at(-1)?.['meshName'], 'other');
	});
	test('with none it is asked for', () =>
		assert.match(readText(node).errors.join(), /nothing says which mesh it belongs to/));
});

describe('what is wrong with manifests', () => {
	const table: readonly (readonly [what: string, text: string, told: RegExp])[] = [
		[
			'v1beta1',
			mesh.replace('v1beta2', 'v1beta1'),
			/^6: apiVersion: appmesh\.k8s\.aws\/v1beta1 is another version .*; take appmesh\.k8s\.aws\/v1beta2/,
		],
		['an unknown kind', object('VirtualHost', 'name: x', ''), /^7: kind: VirtualHost is no kind of .*; one of Mesh, /],
		['no name', object('VirtualNode', '', ''), /^8: metadata: metadata\.name is missing/],
		[
			'an unknown field',
			object('VirtualNode', 'name: x', 'listners: []'),
			/^9: spec\.listners: unknown field "listners"; did you mean listeners\?/,
		],
		[
			'a weight out of bounds',
			object(
				'VirtualRouter',
				'name: x',
				`routes: [{name: r, tcpRoute: {match: {}, ${targets('{virtualNodeRef: {name: a}, weight: 101}')}}}]`,
			),
			/^9: spec\.routes\[0\]\.tcpRoute\.action\.weightedTargets\[0\]\.weight: 101 is out of bounds; from 0 to 100$/,
		],
		[
			'a route without a name',
			object(
				'VirtualRouter',
				'name: x',
				`routes: [{tcpRoute: {${targets('{virtualNodeRef: {name: a}, weight: 1}')}}}]`,
			),
			/^9: spec\.routes\[0\]: it is empty; /,
		],
	];
	for (const [what, text, told] of table) test(what, () => assert.match(errorsOf(text), told));

	test('objects of other APIs are passed over', () => {
		const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n';
		assert.deepEqual(resourcesOf({}, deployment), []);
	});
});

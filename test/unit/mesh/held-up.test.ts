// Whose mistake holds up whom: a mesh of two teams, of which one calls only what is its own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { heldUp, mistakesFor } from '../../../src/mesh/held-up.ts';
import { createMeshLoader, type DefinitionFile, type LoadedMesh } from '../../../src/mesh/load-mesh.ts';
import { mistakeLine } from '../../../src/mesh/mistake-line.ts';
import { warningsOf } from '../../../src/mesh/warnings.ts';
import { nodeId, parseMeshNode } from '../../../src/values/mesh-node.ts';
import { nodeSnapshot } from '../../../src/xds/node-snapshot.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

const meshName = 'simpleapp';
const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
const calls = (...names: readonly string[]) =>
	names.map((virtualServiceName) => ({ virtualService: { virtualServiceName } }));
const found = (hostname: string) => ({ listeners, serviceDiscovery: { dns: { hostname } } });
const target = (virtualNode: string) => ({
	httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode, weight: 1 }] } },
});
const door = (virtualServiceName: string) => ({
	httpRoute: { match: { prefix: '/' }, action: { target: { virtualService: { virtualServiceName } } } },
});

/** By file. Of the other team: a shop that calls its stock, and a gateway that leads to the shop. */
const others: Readonly<Record<string, object>> = {
	'shop.json': { meshName, virtualNodeName: 'shop', spec: { ...found('shop'), backends: calls('stock.local') } },
	'stock.json': { meshName, virtualNodeName: 'stock', spec: found('stock') },
	'stock-service.json': {
		...{ meshName, virtualServiceName: 'stock.local' },
		spec: { provider: { virtualRouter: { virtualRouterName: 'stock' } } },
	},
	'stock-router.json': { meshName, virtualRouterName: 'stock', spec: { listeners } },
	'stock-route.json': { meshName, virtualRouterName: 'stock', routeName: 'all', spec: target('stock') },
	'shop-service.json': {
		...{ meshName, virtualServiceName: 'shop.local' },
		spec: { provider: { virtualNode: { virtualNodeName: 'shop' } } },
	},
	'door.json': {
		...{ meshName, virtualGatewayName: 'door' },
		spec: { listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] },
	},
	'door-route.json': { meshName, virtualGatewayName: 'door', gatewayRouteName: 'all', spec: door('shop.local') },
};

const filesOf = (changed: Readonly<Record<string, object | string | undefined>> = {}): DefinitionFile[] => [
	...guideFiles(),
	...Object.entries({ ...others, ...changed }).flatMap(([path, content]) =>
		content === undefined ? [] : [{ path, text: typeof content === 'string' ? content : JSON.stringify(content) }],
	),
];

const whole = createMeshLoader(new Map())(filesOf());
const everybody = ['serviceA', 'serviceB', 'serviceBv2', 'shop', 'stock'].map(
	(name) => `mesh/${meshName}/virtualNode/${name}`,
);
const gateway = `mesh/${meshName}/virtualGateway/door`;
const node = (name: string) => `mesh/${meshName}/virtualNode/${name}`;
const ports = { ingressPort: 15_000, egressPort: 15_001 };
const proxyOf = (id: string) => {
	const proxy = parseMeshNode(id);
	assert.ok(proxy);
	return proxy;
};

test('a mesh without mistakes holds up nobody', () => {
	assert.deepEqual([whole.errors, whole.faults, heldUp(whole)], [[], [], []]);
});

type Row = readonly [
	what: string,
	changed: Readonly<Record<string, object | string | undefined>>,
	held: readonly string[],
	told: RegExp,
];

const stockRoute = (spec: object) => ({ 'stock-route.json': { ...others['stock-route.json'], spec } });
const rows: readonly Row[] = [
	[
		'a route to a node that is not there',
		stockRoute(target('stok')),
		[node('shop')],
		/no virtualNode is called "stok"/,
	],
	['a route with an unknown field', stockRoute({ ...target('stock'), x: 1 }), [node('shop')], /unknown field "x"/],
	[
		'a router with an unknown field',
		{ 'stock-router.json': { meshName, virtualRouterName: 'stock', spec: { listner: listeners } } },
		[node('shop')],
		/unknown field "listner"/,
	],
	[
		'a service whose router is not there',
		{ 'stock-router.json': undefined, 'stock-route.json': undefined },
		[node('shop')],
		/no virtualRouter is called "stock"/,
	],
	[
		'a node that others call',
		{ 'stock.json': { meshName, virtualNodeName: 'stock', spec: { ...found('stock'), x: 1 } } },
		[node('stock'), node('shop')],
		/unknown field "x"/,
	],
	[
		'a node that cannot tell the services apart which it calls',
		{
			'shop.json': {
				meshName,
				virtualNodeName: 'shop',
				spec: { ...found('shop'), backends: calls('stock.local', 'STOCK.local') },
			},
			'twin.json': {
				meshName,
				virtualServiceName: 'STOCK.local',
				spec: { provider: { virtualNode: { virtualNodeName: 'stock' } } },
			},
		},
		[node('shop')],
		/cannot be told from those of/,
	],
	[
		'a gateway route to a service that is not there',
		{ 'door-route.json': { ...others['door-route.json'], spec: door('shopp.local') } },
		[gateway],
		/no virtualService is called "shopp\.local"/,
	],
	[
		'a definition that stands twice',
		{ 'twice.json': others['stock.json'] },
		[node('stock'), node('shop')],
		/stands twice/,
	],
	[
		'a file that cannot be parsed any more',
		{ 'stock-route.json': '{"meshName": ' },
		[node('shop')],
		/stock-route\.json/,
	],
	[
		'a list with an end that cannot be parsed, after others',
		{ 'stock.json': 'meshName: simpleapp\nvirtualNodeName: stock\nspec: {}\n---\nmeshName: {\n' },
		[node('stock'), node('shop')],
		/stock\.json/,
	],
	['a file that is empty', { 'door.json': '' }, [gateway], /the file is empty/],
	[
		'a file that was renamed and cannot be parsed',
		{ 'stock-route.json': undefined, 'renamed.json': '{"meshName": ' },
		[node('shop')],
		/renamed\.json/,
	],
];

describe('a mistake of one team holds up those who reach it', () => {
	for (const [what, changed, held, told] of rows)
		test(`${what}: ${held.join(', ')}`, () => {
			const load = createMeshLoader(new Map());
			load(filesOf());
			const loaded = load(filesOf(changed));
			for (const id of [...everybody, gateway])
				if (held.includes(id)) assertHeld(loaded, id, told);
				else assertFollowing(loaded, id);
			// Again, as something else is saved meanwhile.
			const more = { meshName, virtualNodeName: 'more', spec: found('more') };
			const again = load(filesOf({ ...changed, 'more.json': more }));
			const heldAgain = [...everybody, gateway].filter((id) => mistakesFor(again, proxyOf(id)).length > 0);
			assert.deepEqual(heldAgain.toSorted(), held.toSorted());
			assert.deepEqual(load(filesOf()).faults, []);
		});
});

function assertHeld(loaded: LoadedMesh, id: string, told: RegExp): void {
	assert.match(mistakesFor(loaded, proxyOf(id)).map(mistakeLine).join('\n'), told, id);
	assert.throws(() => nodeSnapshot(loaded, proxyOf(id), ports), told);
}

function assertFollowing(loaded: LoadedMesh, id: string): void {
	assert.deepEqual(mistakesFor(loaded, proxyOf(id)).map(mistakeLine), [], id);
	assert.deepEqual(nodeSnapshot(loaded, proxyOf(id), ports), nodeSnapshot(whole, proxyOf(id), ports));
}

test('a mistake of the mesh itself holds up all of its nodes, and none of another mesh', () => {
	const load = createMeshLoader(new Map());
	const other = { path: 'other.json', text: JSON.stringify({ meshName: 'other', virtualNodeName: 'n', spec: {} }) };
	const spoilt = { path: '0.json', text: JSON.stringify({ meshName, spec: { egress: {} } }) };
	const loaded = load([...filesOf().filter(({ path }) => path !== '0.json'), spoilt, other]);
	for (const id of [...everybody, gateway]) assert.equal(mistakesFor(loaded, proxyOf(id)).length, 1, id);
	assert.deepEqual(mistakesFor(loaded, proxyOf('mesh/other/virtualNode/n')), []);
});

test('a file that could never be read may hold whatever it wants, so that everybody is held up', () => {
	const load = createMeshLoader(new Map());
	const broken = filesOf({ 'stock-route.json': '{' });
	for (const loaded of [load(broken), load([...broken, { path: 'new.json', text: '{' }])])
		for (const id of [...everybody, gateway]) assert.ok(mistakesFor(loaded, proxyOf(id)).length > 0, id);
	assert.deepEqual(load(filesOf()).faults, []);
});

test('a file that is new and cannot be read has taken nothing away', () => {
	const load = createMeshLoader(new Map());
	load(filesOf());
	const loaded = load(filesOf({ 'new.json': '{' }));
	assert.equal(loaded.errors.length > 0, true);
	for (const id of [...everybody, gateway]) assert.deepEqual(mistakesFor(loaded, proxyOf(id)), [], id);
});

test('what is deleted beside a file that cannot be read is deleted', () => {
	const load = createMeshLoader(new Map());
	load(filesOf());
	const loaded = load(filesOf({ 'door-route.json': '{', 'stock-route.json': undefined }));
	assert.deepEqual(mistakesFor(loaded, proxyOf(node('shop'))), []);
	assert.notDeepEqual(mistakesFor(loaded, proxyOf(gateway)), []);
});

test('what stood in a file that cannot be read any more may be defined in another', () => {
	const load = createMeshLoader(new Map());
	load(filesOf());
	const loaded = load(filesOf({ 'stock-route.json': '{', 'moved.json': others['stock-route.json'] }));
	assert.deepEqual(mistakesFor(loaded, proxyOf(node('shop'))), []);
});

test('a backend whose service is not there is left out with a warning, and all others are as they were', () => {
	const spec = { ...found('shop'), backends: calls('stock.local', 'later.local') };
	const loaded = createMeshLoader(new Map())(filesOf({ 'shop.json': { meshName, virtualNodeName: 'shop', spec } }));
	assert.deepEqual([loaded.errors, heldUp(loaded)], [[], []]);
	const warnings = loaded.catalogs.flatMap(warningsOf).map(mistakeLine);
	assert.match(
		warnings.join('\n'),
		/shop\.json:\d+: spec\.backends\[1\].*: no virtualService is called "later\.local", so that the backend is left out; did you mean/,
	);
	assert.deepEqual(
		nodeSnapshot(loaded, proxyOf(node('shop')), ports),
		nodeSnapshot(whole, proxyOf(node('shop')), ports),
	);
});

test('what needs a broken resource is not told as a mistake as well', () => {
	const spec = { listner: listeners };
	const { errors } = createMeshLoader(new Map())(
		filesOf({ 'stock-router.json': { meshName, virtualRouterName: 'stock', spec } }),
	);
	assert.deepEqual(
		errors.map(({ path }) => path),
		['spec.listner'],
	);
});

test('services whose nodes are broken are not told as such that cannot be told apart', () => {
	const tcp = [{ portMapping: { port: 3306, protocol: 'tcp' } }];
	const database = (name: string, address: string, more: object) => [
		{
			meshName,
			virtualNodeName: name,
			spec: { listeners: tcp, serviceDiscovery: { dns: { hostname: address } }, ...more },
		},
		{ meshName, virtualRouterName: name, spec: { listeners: tcp } },
		{
			...{ meshName, virtualRouterName: name, routeName: 'all' },
			spec: { tcpRoute: { action: { weightedTargets: [{ virtualNode: name, weight: 1 }] } } },
		},
		{ meshName, virtualServiceName: name, spec: { provider: { virtualRouter: { virtualRouterName: name } } } },
	];
	const errorsWith = (more: object) => {
		const shop = { meshName, virtualNodeName: 'shop', spec: { ...found('shop'), backends: calls('one', 'two') } };
		const databases = [...database('one', '192.0.2.1', more), ...database('two', '192.0.2.2', more)];
		return createMeshLoader(new Map())(filesOf({ 'shop.json': shop, 'databases.json': databases })).errors;
	};
	assert.deepEqual(errorsWith({}), []);
	assert.deepEqual(
		errorsWith({ x: 1 }).map(({ path }) => path),
		['spec.x', 'spec.x'],
	);
});

test('who is held up by what is known is told by name', () => {
	const loaded = createMeshLoader(new Map())(filesOf(stockRoute(target('stok'))));
	assert.deepEqual(heldUp(loaded).map(nodeId), [node('shop')]);
});

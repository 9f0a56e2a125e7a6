import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guideFiles } from '../../../support/guide-mesh.ts';
import { serveFleet } from '../../../support/served-fleet.ts';

const A = 'mesh/simpleapp/virtualNode/serviceA';
const B = 'mesh/simpleapp/virtualNode/serviceB';

test('what Envoys of a node get is rendered and encoded once for all of them, and again only where it has changed', async () => {
	const { world, connect, save, fleet, counts } = serveFleet();
	const first = await connect(A);
	const once = world.encoded;
	assert.ok(once > 0);
	const others = [await connect(A), await connect(A)];
	assert.equal(world.encoded, once);
	await save(guideFiles([0, 100]));
	assert.equal(world.encoded, once + 1, 'the routes');
	for (const { versions } of others) assert.deepEqual(versions, first.versions);
	assert.partialDeepStrictEqual(fleet.status(), [{ node: A, connected: 3, settled: 3 }]);
	assert.equal(counts.read().pushed, 2);
});

test('each gets what is of its own node, also where it calls itself by its ARN', async () => {
	const { connect, fleet } = serveFleet();
	const [a, b] = [await connect(`arn:aws:appmesh:eu-west-1:123456789012:${A}`), await connect(B)];
	assert.notDeepEqual(a.names('cds'), b.names('cds'));
	assert.deepEqual(
		fleet.status().map(({ node }) => node),
		[A, B],
	);
});

test('a node that there is not is refused with the nearest name, and one that nobody can be with what a name looks like', async () => {
	const { connect } = serveFleet();
	await assert.rejects(connect('mesh/simpleapp/virtualNode/serviceAa'), {
		message: 'from 10.0.0.5: the definitions have no "mesh/simpleapp/virtualNode/serviceAa"',
		remedy: `did you mean ${A}?`,
	});
	await assert.rejects(connect('mesh/simpleapp/virtualGateway/door'), { remedy: /there is no virtualGateway at all/ });
	await assert.rejects(connect('envoy'), { message: /its node\.id "envoy" is of no mesh/ });
});

test('whoever may not be this node gets nothing, and is not counted', async () => {
	const { connect, fleet } = serveFleet();
	const denied = () => {
		throw new Error('denied');
	};
	await assert.rejects(connect(A, denied), /denied/);
	assert.deepEqual(fleet.status(), []);
});

test('with a mistake those that reach it go on with what they have, which is told once; mended, they get it', async () => {
	const { connect, save, logged, fleet } = serveFleet();
	const [a, b] = [await connect(A), await connect(B)];
	const versions = { ...a.versions };
	const broken = guideFiles().map(({ path, text }) => ({
		path,
		text: path === '5.json' ? text.replace('"serviceBv2"', '"nobody"') : text,
	}));
	await save(broken);
	await save([...broken, { path: 'more.json', text: '{"meshName":"more","spec":{}}' }]);
	assert.deepEqual(a.versions, versions);
	const told = logged.filter(({ event }) => event === 'the mesh stays as it was');
	assert.equal(told.length, 1);
	assert.equal(told[0]?.fields['nodes'], A);
	assert.match(fleet.status()[0]?.trouble ?? '', /nobody/);
	await connect('mesh/simpleapp/virtualNode/serviceBv2');
	await save(guideFiles([0, 100]));
	assert.notDeepEqual(a.versions, versions);
	assert.equal(fleet.status()[0]?.trouble, undefined);
	assert.equal(b.missing.size, 0);
});

test('definitions that are gone for a moment change nothing', async () => {
	const { connect, save, fleet } = serveFleet();
	await connect(A);
	await save(undefined);
	await connect(A);
	assert.partialDeepStrictEqual(fleet.status(), [{ connected: 2, settled: 2 }]);
});

test('what one rejects is told with its node and its words, and all are sent again what was accepted before', async () => {
	const { connect, save, logged, fleet, counts } = serveFleet();
	const a = await connect(A);
	const versions = { ...a.versions };
	a.judge = (kind, _names, version) => (kind === 'rds' && version !== versions.rds ? 'no such thing' : undefined);
	await save(guideFiles([0, 100]));
	assert.deepEqual(a.versions, versions);
	assert.partialDeepStrictEqual(fleet.status()[0], {
		...{ connected: 1, settled: 1 },
		rejected: { of: 'rds', why: 'no such thing', reverted: true },
	});
	assert.partialDeepStrictEqual(
		logged.find(({ event }) => event === 'envoy rejected the mesh'),
		{ fields: { node: A, of: 'rds', why: 'no such thing', changed: '5.json', keeps: true } },
	);
	assert.equal(counts.read().rejected, 1);
});

test('an Envoy that has all of it already is sent nothing', async () => {
	const { versions } = await serveFleet().connect(A);
	const again = await serveFleet().connect(A, undefined, versions);
	assert.deepEqual(again.responses, []);
});

test('a node that is gone keeps its Envoys as they are, and is forgotten once they have left', async () => {
	const { connect, save, fleet } = serveFleet();
	const gone = 'mesh/simpleapp/virtualNode/alone';
	const alone = { path: 'alone.json', text: '{"meshName":"simpleapp","virtualNodeName":"alone","spec":{}}' };
	await save([...guideFiles(), alone]);
	const envoy = await connect(gone);
	await save(guideFiles());
	assert.match(fleet.status()[0]?.trouble ?? '', /no mesh\/simpleapp\/virtualNode\/alone/);
	envoy.leave();
	await save(guideFiles([1, 1]));
	assert.deepEqual(fleet.status(), []);
	await assert.rejects(connect(gone), /have no "mesh\/simpleapp\/virtualNode\/alone"/);
});

for (const [preference, addresses] of [
	[undefined, '0.0.0.0 127.0.0.1'],
	['IPv4_ONLY', '0.0.0.0 127.0.0.1'],
	['IPv4_PREFERRED', '0.0.0.0 :: 127.0.0.1 ::1'],
	['IPv6_ONLY', '0.0.0.0 :: 127.0.0.1 ::1'],
] as const)
	test(`with ${preference ?? 'no preference'} in the mesh Envoys listen on ${addresses}`, async () => {
		const { connect, save } = serveFleet();
		const [mesh, ...others] = guideFiles();
		const spec = preference === undefined ? {} : { serviceDiscovery: { ipPreference: preference } };
		await save([{ path: mesh?.path ?? '', text: JSON.stringify({ meshName: 'simpleapp', spec }) }, ...others]);
		const text = JSON.stringify((await connect(A)).resources('lds'));
		const found = [...text.matchAll(/"address":"([\d.:]+)"/g)].map(([, address]) => address);
		assert.equal([...new Set(found)].join(' '), addresses);
	});

test("a node's own preference counts more than its mesh's", async () => {
	const { connect, save } = serveFleet();
	const files = guideFiles().map(({ path, text }) => ({
		path,
		text: text.includes('"virtualNodeName": "serviceA"')
			? text.replace('"dns": {', '"dns": { "ipPreference": "IPv6_PREFERRED",')
			: text,
	}));
	await save(files);
	const listensOnIpv6 = async (node: string) => JSON.stringify((await connect(node)).resources('lds')).includes('"::"');
	assert.deepEqual([await listensOnIpv6(A), await listensOnIpv6(B)], [true, false]);
});

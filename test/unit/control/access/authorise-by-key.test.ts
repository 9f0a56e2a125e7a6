import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authoriseByKey } from '../../../../src/control/access/authorise-by-key.ts';
import { AN_ACCOUNT, soundPolicy } from '../../../support/policies.ts';
import { keysOf, signedCall } from '../../../support/signed-call.ts';

const region = 'us-west-2';
const atMs = Date.parse('2026-10-01T12:00:00Z');
const key = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };
const policies = [
	soundPolicy({ Effect: 'Allow', Action: ['appmesh:Describe*', 'appmesh:Create*'], Resource: '*' }, 'Maker'),
];
const resource = `${AN_ACCOUNT}:mesh/simpleapp`;

function gate() {
	const reasons: string[] = [];
	const authorise = authoriseByKey({
		...{ keys: () => keysOf({ ...key, policies }), region, now: () => atMs },
		onRefused: ({ reason }) => void reasons.push(reason),
	});
	return { authorise, reasons };
}

const signed = (by = key, method = 'PUT') =>
	signedCall(by, { method, path: '/v20190125/meshes', body: '{}' }, { region, atMs });

test('what the key of a request allows is done in the name of its user', async () => {
	const found = await gate().authorise(await signed());
	assert.ok('name' in found);
	assert.equal(found.name, `user of ${key.accessKeyId}`);
	assert.equal(found.denies('appmesh:CreateMesh', resource), undefined);
});

test('who holds a key is told what it does not allow', async () => {
	const { authorise, reasons } = gate();
	const found = await authorise(await signed());
	assert.ok('name' in found);
	assert.equal(
		found.denies('appmesh:DeleteMesh', resource),
		`User user of ${key.accessKeyId} is not authorized to perform appmesh:DeleteMesh on ${resource}: no policy of this key allows it`,
	);
	assert.deepEqual(reasons, []);
});

test('strangers are told alike, whatever is wrong, and whoever runs this is told what', async () => {
	const { authorise, reasons } = gate();
	const sound = await signed();
	const strange = [
		{ ...sound, rawHeaders: [] },
		{ ...sound, target: '/?X-Amz-Signature=0' },
		{ ...sound, body: Buffer.from('x') },
		await signed({ ...key, secretAccessKey: 'b'.repeat(40) }),
		await signed({ ...key, accessKeyId: 'TURNNOBODY0000000000' }),
		await signedCall(key, {}, { region: 'eu-west-1', atMs }),
		await signedCall(key, {}, { region, atMs: atMs - 600_000 }),
	];
	const told = new Set<string>();
	for (const call of strange) told.add(JSON.stringify(await authorise(call)));
	assert.equal(told.size, 1);
	assert.deepEqual(reasons, [
		...['unsigned', 'presigned', 'other-signature', 'other-signature', 'unknown-key', 'other-scope', 'other-time'],
	]);
});

test('a change is done once, and a read may be asked for twice in a second', async () => {
	const { authorise, reasons } = gate();
	for (const method of ['PUT', 'GET']) {
		assert.ok('name' in (await authorise(await signed(key, method))));
		await authorise(await signed(key, method));
	}
	assert.deepEqual(reasons, ['replayed']);
});

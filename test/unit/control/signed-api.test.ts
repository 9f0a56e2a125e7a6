// The API with access keys, over its socket.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authoriseByKey } from '../../../src/control/access/authorise-by-key.ts';
import { parseBody } from '../../../src/control/check-input.ts';
import { firstTooDeep } from '../../../src/mesh/document.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { soundPolicy } from '../../support/policies.ts';
import { serveApi } from '../../support/served-api.ts';
import { keysOf, signedCall, type UnsignedCall } from '../../support/signed-call.ts';

const region = 'eu-west-1';
const ARN = `arn:aws:appmesh:${region}:123456789012:mesh`;
const admin = { accessKeyId: 'TURNADMIN00000000000', secretAccessKey: 'a'.repeat(40) };
const team = { accessKeyId: 'TURNTEAM000000000000', secretAccessKey: 't'.repeat(40) };
const keys = () =>
	keysOf(
		{ ...admin, policies: [soundPolicy({ Effect: 'Allow', Action: 'appmesh:*', Resource: '*' }, 'Admin')] },
		{ ...team, policies: [soundPolicy({ Effect: 'Allow', Action: 'appmesh:*', Resource: `${ARN}/team*` }, 'Team')] },
	);

async function signedApi() {
	const reasons: string[] = [];
	const served = await serveApi(
		{},
		{ authorise: authoriseByKey({ keys, region, onRefused: ({ reason }) => void reasons.push(reason) }) },
	);
	const ask = async (by: typeof admin, call: UnsignedCall, change = (text: string) => text) => {
		const signed = await signedCall(by, call, { region, atMs: Date.now() });
		const pairs = Array.from({ length: signed.rawHeaders.length / 2 }, (_, at) =>
			signed.rawHeaders.slice(2 * at, 2 * at + 2),
		);
		const { status, text } = await askSocket(
			...([
				served.socket,
				signed.method,
				signed.target,
				change(String(signed.body)),
				Object.fromEntries(pairs),
			] as const),
		);
		return { status, body: JSON.parse(text) };
	};
	return { ask, reasons, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
}

const create = (meshName: string): UnsignedCall => ({
	...{ method: 'PUT', path: '/v20190125/meshes', headers: { 'content-type': 'application/json' } },
	body: JSON.stringify({ meshName }),
});

test('a request that is signed and allowed is carried out', async () => {
	await using api = await signedApi();
	assert.equal((await api.ask(admin, create('simpleapp'))).status, 200);
	const read = await api.ask(admin, { path: '/v20190125/meshes/simpleapp' });
	assert.equal(read.body.metadata.arn, `${ARN}/simpleapp`);
});

test('a key does what its policies allow, and is told what they do not', async () => {
	await using api = await signedApi();
	assert.equal((await api.ask(team, create('team-a'))).status, 200);
	const { status, body } = await api.ask(team, create('other'));
	assert.equal(status, 403);
	assert.match(
		body.message,
		/not authorized to perform appmesh:CreateMesh on arn:aws:appmesh:eu-west-1:123456789012:mesh\/other: no policy/,
	);
	assert.equal((await api.ask(team, { path: '/v20190125/meshes' })).status, 403, 'a list of meshes is of no mesh');
});

test('a request whose body was changed on its way is refused, and nothing is done', async () => {
	await using api = await signedApi();
	const { status, body } = await api.ask(admin, create('simpleapp'), (text) => text.replace('simple', 'other-'));
	assert.equal(status, 403);
	assert.equal(body.__type, 'ForbiddenException');
	assert.deepEqual(api.reasons, ['other-signature']);
	assert.equal((await api.ask(admin, { path: '/v20190125/meshes/other-app' })).status, 404);
});

test('who has no key is told the same of every path and body, and none of it is parsed', async () => {
	await using api = await signedApi();
	const stranger = { ...admin, accessKeyId: 'TURNNOBODY0000000000' };
	const told = new Set<string>();
	for (const path of ['/v20190125/meshes', '/v20190125/meshes/m', '/v20181001/meshes', '/none', '/v20190125/meshes/a'])
		for (const body of ['{}', '{', '[1]'])
			for (const method of ['PUT', 'POST', 'DELETE']) {
				const reply = await api.ask(stranger, { method, path, body });
				told.add(JSON.stringify(reply));
			}
	assert.equal(told.size, 1);
});

for (const [what, body] of [
	['dashes', `${'-    '.repeat(999)}x`.repeat(209)],
	['dashes and no space', '-'.repeat(1024 * 1024)],
	['escapes', `"${'\\a'.repeat(500_000)}`],
	['quotes', '"'.repeat(1024 * 1024)],
	['spaces', ' '.repeat(1024 * 1024)],
] as const)
	test(`a megabyte of ${what} is refused at once`, () => {
		const start = performance.now();
		assert.equal(typeof parseBody(Buffer.from(body)), what === 'spaces' ? 'object' : 'undefined');
		firstTooDeep(body);
		assert.ok(performance.now() - start < 1_000);
	});

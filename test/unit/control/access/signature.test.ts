import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefusalReason } from '../../../../src/control/access/request-refusal.ts';
import { createVerifier, type Verdict, type VerifiedCall } from '../../../../src/control/access/verify-signature.ts';
import { type Credentials, keysOf, signedCall, type UnsignedCall } from '../../../support/signed-call.ts';

const region = 'eu-central-1';
const atMs = Date.parse('2026-10-01T12:00:00Z');
const alice: Credentials = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: 'a'.repeat(40) };
const bob: Credentials = { accessKeyId: 'TURNBOB0000000000000', secretAccessKey: 'b'.repeat(40) };

const update: UnsignedCall = {
	method: 'PUT',
	path: '/v20190125/meshes/simpleapp/virtualNodes/serviceA',
	query: { meshOwner: '123456789012' },
	headers: { 'content-type': 'application/json' },
	body: '{"spec":{}}',
};

const verifier = (now = () => atMs) => createVerifier({ keys: () => keysOf(alice, bob), region, now });
const outcome = (verdict: Verdict): string => ('key' in verdict ? verdict.key.id : verdict.refusal.reason);
const outcomeOf = async (call: VerifiedCall, now = () => atMs): Promise<string> => outcome(await verifier(now)(call));
const signed = (call: UnsignedCall = update, signing = {}) => signedCall(alice, call, { region, atMs, ...signing });

const ARN = 'arn:aws:appmesh:eu-central-1:123456789012:mesh/simpleapp';
const sound: Readonly<Record<string, UnsignedCall>> = {
	'a change with a body': update,
	'a read': { path: '/v20190125/meshes' },
	'an ARN in the query': { path: '/v20190125/tags', query: { resourceArn: ARN, nextToken: "a+b/c= d'(e)*" } },
	'a name that is encoded in the path': { path: '/v20190125/meshes/m/virtualServices/my%20service%3A80%2Fx' },
	'headers of proxies and clients that belong to the signature': { headers: { 'amz-sdk-request': 'attempt=1; max=3' } },
	'a query of 50 fields': { query: Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`a${at}`, 'x'])) },
	'a path that ends with a slash': { path: '/v20190125/meshes/' },
};

for (const [what, call] of Object.entries(sound))
	for (const addsPayloadHash of [false, true])
		test(`${what} is taken as its signer's${addsPayloadHash ? ', with the hash of the payload as a header' : ''}`, async () => {
			assert.equal(await outcomeOf(await signed(call, { addsPayloadHash })), alice.accessKeyId);
		});

test('what clients and proxies add without a signature does no harm', async () => {
	const call = await signed({ ...update, headers: {} });
	const unsigned = ['X-Forwarded-For', '192.0.2.1', 'User-Agent', 'x', 'Content-Length', '11', 'Content-Type', 'a/b'];
	const rawHeaders = [...call.rawHeaders, ...unsigned];
	assert.equal(await outcomeOf({ ...call, rawHeaders }), alice.accessKeyId);
});

type Change = (call: VerifiedCall) => VerifiedCall;

const withHeader =
	(name: string, change: (value: string) => string): Change =>
	(call) => ({
		...call,
		rawHeaders: call.rawHeaders.map((text, at) =>
			call.rawHeaders[at - 1]?.toLowerCase() === name && at % 2 === 1 ? change(text) : text,
		),
	});
const adding =
	(...headers: readonly string[]): Change =>
	(call) => ({ ...call, rawHeaders: [...call.rawHeaders, ...headers] });
const without =
	(name: string): Change =>
	(call) => ({
		...call,
		rawHeaders: call.rawHeaders.filter((_, at) => call.rawHeaders[at - (at % 2)]?.toLowerCase() !== name),
	});
const authorization = (from: string | RegExp, to: string): Change =>
	withHeader('authorization', (value) => value.replace(from, to));
const withTarget =
	(change: (target: string) => string): Change =>
	(call) => ({ ...call, target: change(call.target) });

const refused: readonly (readonly [what: string, reason: RefusalReason, change: Change])[] = [
	['an unsigned request', 'unsigned', without('authorization')],
	['another way to sign', 'malformed', authorization('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA512')],
	[
		'a signature of version 2',
		'malformed',
		withHeader('authorization', () => 'AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg='),
	],
	['a signature that is no hash', 'malformed', authorization(/Signature=.*/, 'Signature=x')],
	['two Authorization headers', 'ambiguous', adding('Authorization', 'Basic YTpi')],
	['a signed header that is there twice', 'ambiguous', adding('Content-Type', 'application/json')],
	['a second Host', 'ambiguous', adding('HOST', 'other.example')],
	['a signed header that is missing', 'ambiguous', without('content-type')],
	['a Host that is not signed', 'uncovered', authorization(';host;', ';')],
	['a time that is not signed', 'uncovered', authorization(';x-amz-date', '')],
	['a header less than was signed', 'other-signature', authorization('content-type;', '')],
	['a header of AWS that is not signed', 'uncovered', adding('X-Amz-Target', 'x')],
	['a hash of the payload that is not signed', 'uncovered', adding('X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD')],
	['another host', 'other-signature', withHeader('host', () => 'other.example')],
	['another type of the body', 'other-signature', withHeader('content-type', () => 'text/plain')],
	['another method', 'other-signature', (call) => ({ ...call, method: 'DELETE' })],
	['another path', 'other-signature', withTarget((target) => target.replace('serviceA', 'serviceB'))],
	['another query', 'other-signature', withTarget((target) => target.replace('789012', '789013'))],
	['more query', 'other-signature', withTarget((target) => `${target}&limit=1`)],
	['another body', 'other-signature', (call) => ({ ...call, body: Buffer.from('{"spec":{} }') })],
	['the key of somebody else', 'other-signature', authorization(alice.accessKeyId, bob.accessKeyId)],
	['a key that there is not', 'unknown-key', authorization(alice.accessKeyId, 'TURNNOBODY0000000000')],
	['another day than the time has', 'other-scope', authorization('20261001', '20261002')],
	['another region in its scope', 'other-scope', authorization(region, 'us-east-1')],
	['another time', 'other-signature', withHeader('x-amz-date', () => '20261001T120001Z')],
	['a time that is none', 'malformed', withHeader('x-amz-date', () => '20261332T120000Z')],
	['a time of another form', 'malformed', withHeader('x-amz-date', () => 'Thu, 01 Oct 2026 12:00:00 GMT')],
	['a presigned URL', 'presigned', withTarget((target) => `${target}&X-Amz-Signature=${'0'.repeat(64)}`)],
	[
		'a presigned URL without a header',
		'presigned',
		(call) => without('authorization')({ ...call, target: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256' }),
	],
	['a presigned URL in other letters', 'presigned', withTarget(() => '/?x%2dAMZ-expires=60')],
	['an absolute URL', 'ambiguous', withTarget((target) => `http://control.example:8080${target}`)],
	['dots in the path', 'ambiguous', withTarget((target) => target.replace('/serviceA', '/x/../serviceA'))],
	['encoded dots in the path', 'ambiguous', withTarget((target) => target.replace('/serviceA', '/x/%2E%2e/serviceA'))],
	['an empty segment in the path', 'ambiguous', withTarget((target) => `/${target}`)],
	['a backslash in the path', 'ambiguous', withTarget((target) => target.replace('/serviceA', '\\serviceA'))],
	['a fragment', 'ambiguous', withTarget((target) => `${target}#x`)],
	['a percent sign that encodes nothing', 'ambiguous', withTarget((target) => target.replace('serviceA', 'service%4'))],
	['a percent sign in the query that encodes nothing', 'ambiguous', withTarget((target) => `${target}&nextToken=%zz`)],
	[
		'a query of more fields than any operation has',
		'malformed',
		withTarget((target) => `${target}${Array.from({ length: 50 }, (_, at) => `&a${at}=`).join('')}`),
	],
	['a plus sign, which some read as a space', 'ambiguous', withTarget((target) => `${target}&nextToken=a+b`)],
	['a name twice in the query', 'ambiguous', withTarget((target) => `${target}&meshOwner=210987654321`)],
	['a name in the query that objects inherit', 'ambiguous', withTarget((target) => `${target}&__proto__=x`)],
	['an empty field in the query', 'ambiguous', withTarget((target) => `${target}&&limit=1`)],
];

for (const [what, reason, change] of refused)
	test(`refused: ${what} (${reason})`, async () => {
		assert.equal(await outcomeOf(await signed()), alice.accessKeyId, 'without the change it is taken');
		assert.equal(await outcomeOf(change(await signed())), reason);
	});

const signedOtherwise: readonly (readonly [
	what: string,
	reason: RefusalReason,
	call: UnsignedCall,
	signing?: object,
])[] = [
	['for another region', 'other-scope', update, { region: 'us-east-1' }],
	['for another service', 'other-scope', update, { service: 's3' }],
	['five minutes and a second ago', 'other-time', update, { atMs: atMs - 301_000 }],
	['for in five minutes and a second', 'other-time', update, { atMs: atMs + 301_000 }],
	['with a session token', 'temporary-credentials', { ...update, headers: { 'x-amz-security-token': 'x' } }],
	['without its payload', 'other-payload', { ...update, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }],
	[
		'as a stream of chunks',
		'other-payload',
		{ ...update, headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } },
	],
	[
		'for another payload',
		'other-payload',
		{
			...update,
			headers: { 'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
		},
	],
];

for (const [what, reason, call, signing] of signedOtherwise)
	test(`refused: what a known key has signed ${what} (${reason})`, async () => {
		assert.equal(await outcomeOf(await signed(call, signing)), reason);
	});

test('a wrong secret is refused as a wrong signature', async () => {
	const call = await signedCall({ ...alice, secretAccessKey: bob.secretAccessKey }, update, { region, atMs });
	assert.equal(await outcomeOf(call), 'other-signature');
});

for (const offMs of [-300_000, 300_000])
	test(`a clock that is off by ${offMs / 1_000} s is still right`, async () => {
		assert.equal(await outcomeOf(await signed(update, { atMs: atMs + offMs })), alice.accessKeyId);
	});

test('a change is taken once, and the same one signed a second later once more', async () => {
	const verify = verifier();
	assert.equal(outcome(await verify(await signed())), alice.accessKeyId);
	assert.equal(outcome(await verify(await signed())), 'replayed');
	assert.equal(outcome(await verify(await signed(update, { atMs: atMs + 1_000 }))), alice.accessKeyId);
});

test('a request with a wrong signature does not use up the right one', async () => {
	const verify = verifier();
	const call = await signed();
	assert.equal(outcome(await verify({ ...call, body: Buffer.from('x') })), 'other-signature');
	assert.equal(outcome(await verify(call)), alice.accessKeyId);
});

test('the keys of now count: one that is added is taken, one that is gone is not', async () => {
	let keys = keysOf(bob);
	const verify = createVerifier({ keys: () => keys, region, now: () => atMs });
	assert.equal(outcome(await verify(await signed())), 'unknown-key');
	keys = keysOf(alice);
	assert.equal(outcome(await verify(await signed())), alice.accessKeyId);
	keys = keysOf(bob);
	assert.equal(outcome(await verify(await signed(update, { atMs: atMs + 1_000 }))), 'unknown-key');
});

test('no refusal has anything of a secret', async () => {
	const verdicts = await Promise.all(refused.map(async ([, , change]) => verifier()(change(await signed()))));
	assert.doesNotMatch(JSON.stringify(verdicts), /a{8}|b{8}/);
	assert.doesNotMatch(JSON.stringify([...keysOf(alice).values()]), /a{8}/);
});

// The logins of other registries: Docker's config.json and credential helpers, programs that the test writes.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Credentials } from '../../../src/envoy/runtime.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { eventually } from '../../support/eventually.ts';
import { type AskerOptions, assertTold, createAsker, type ToldFailure } from '../../support/logins.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const HUB = 'https://index.docker.io/v1/';
const ECR = '123456789012.dkr.ecr.us-west-2.amazonaws.com';

async function loginOf(image: string, options: AskerOptions): Promise<Credentials | null> {
	using host = createNamespace('logins');
	using asker = createAsker(host, options);
	return await asker.login(image);
}

async function failureOf(image: string, options: AskerOptions): Promise<ToldFailure> {
	using host = createNamespace('logins');
	using asker = createAsker(host, options);
	return await asker.failure(image);
}

test('without a config.json, or with none of its entries meant, there is no login', async () => {
	for (const config of [undefined, {}, { auths: {} }, { auths: { 'other.example': { auth: base64('u:p') } } }])
		assert.equal(await loginOf('registry.example/x', { config }), null);
	assert.equal(await loginOf('public.ecr.aws/appmesh/envoy:v1', { config: { auths: { 'public.ecr.aws': {} } } }), null);
});

test('a login of `docker login` is found by its registry, however its key is written', async () => {
	const auths = {
		'registry.example': { auth: base64('ann:pass:word') },
		'https://old.example/v2/': { auth: base64('old:secret') },
		'localhost:5000': { auth: base64('dev:secret') },
		[HUB]: { auth: base64('hub:secret') },
		'token.example': { auth: base64('<token>:'), identitytoken: 'lab-identity' },
		'plain.example': { username: 'plain', password: 'secret' },
	};
	const cases: readonly (readonly [string, Credentials | null])[] = [
		['registry.example/x:1', { username: 'ann', password: 'pass:word', serveraddress: 'registry.example' }],
		['old.example/x', { username: 'old', password: 'secret', serveraddress: 'old.example' }],
		['localhost:5000/x', { username: 'dev', password: 'secret', serveraddress: 'localhost:5000' }],
		['envoyproxy/envoy', { username: 'hub', password: 'secret', serveraddress: HUB }],
		['docker.io/library/envoy', { username: 'hub', password: 'secret', serveraddress: HUB }],
		['token.example/x', { identitytoken: 'lab-identity', serveraddress: 'token.example' }],
		['plain.example/x', { username: 'plain', password: 'secret', serveraddress: 'plain.example' }],
		['localhost/x', null],
		['registry.example.evil.example/x', null],
		['example/x', { username: 'hub', password: 'secret', serveraddress: HUB }],
	];
	using host = createNamespace('logins');
	using asker = createAsker(host, { config: { auths } });
	for (const [image, login] of cases) assert.deepEqual(await asker.login(image), login, image);
});

/** As docker-credential-helpers do it. */
const helper = (server: string, answer: string): string =>
	`[ "$1" = get ] || exit 2
	read -r server
	[ "$server" = "${server}" ] || { echo "credentials not found in native keychain"; exit 1; }
	echo '${answer}'`;

test('a credential helper is asked on its standard input: the one of the registry first, else the one for all', async () => {
	const options = {
		config: {
			credHelpers: { 'own.example': 'own', 'docker.io': 'own' },
			credsStore: 'all',
			auths: { 'stored.example': {}, 'file.example': { auth: base64('file:secret') } },
		},
		helpers: {
			own: helper('own.example', '{"ServerURL":"own.example","Username":"own","Secret":"s"}'),
			all: helper('stored.example', '{"ServerURL":"stored.example","Username":"<token>","Secret":"lab-identity"}'),
		},
	};
	using host = createNamespace('logins');
	using asker = createAsker(host, options);
	const own = { username: 'own', password: 's', serveraddress: 'own.example' };
	assert.deepEqual(await asker.login('own.example/x'), own);
	assert.deepEqual(await asker.login('stored.example/x'), {
		identitytoken: 'lab-identity',
		serveraddress: 'stored.example',
	});
	const file = { username: 'file', password: 'secret', serveraddress: 'file.example' };
	assert.deepEqual(await asker.login('file.example/x'), file);
	assert.equal(await asker.login('unknown.example/x'), null);
	assert.equal(await asker.login('envoyproxy/envoy'), null);
});

test("Docker Hub's helper is asked for Docker Hub's own address", async () => {
	const helpers = { hub: helper(HUB, '{"Username":"hub","Secret":"s"}') };
	const login = await loginOf('envoyproxy/envoy:v1.30.0', { config: { credsStore: 'hub' }, helpers });
	assert.deepEqual(login, { username: 'hub', password: 's', serveraddress: HUB });
});

test('for ECR the helper that the user has named for that very registry goes first, and is all that is asked', async () => {
	const helpers = { 'ecr-login': helper(ECR, '{"Username":"AWS","Secret":"from-helper"}') };
	const login = await loginOf(`${ECR}/envoy`, { config: { credHelpers: { [ECR]: 'ecr-login' } }, helpers });
	assert.deepEqual(login, { username: 'AWS', password: 'from-helper', serveraddress: ECR });
});

test('a host without a role takes the login for ECR that somebody has left, and says that it has none once it is refused', async () => {
	using host = createNamespace('logins');
	using asker = createAsker(host, { config: { auths: { [ECR]: { auth: base64('AWS:by-hand') } } } });
	const login = { username: 'AWS', password: 'by-hand', serveraddress: ECR };
	assert.deepEqual(await asker.login(`${ECR}/envoy`), login);
	assertTold(await asker.failure(`${ECR}/envoy`, true), /this host has no AWS credentials/, ['by-hand']);
});

const secret = 'lab-hidden-password';
const brokenFiles: readonly (readonly [unknown, RegExp])[] = [
	[`{"auths":{"x":{"auth":"${secret}`, /config\.json: it is not a JSON object\nRepair it/],
	[`"${secret}"`, /it is not a JSON object/],
	['', /it is not a JSON object/],
	['[]', /it is not a JSON object/],
	[{ auths: secret }, /its auths is not an object/],
	[{ auths: [secret] }, /its auths is not an object/],
	[{ credHelpers: secret }, /its credHelpers is not an object/],
	[{ credHelpers: { 'registry.example': { secret } } }, /its credHelpers is not the name of a helper/],
	[{ credsStore: `../${secret}` }, /its credsStore is not the name of a helper/],
	[{ auths: { 'registry.example': { auth: base64(secret) } } }, /its login of registry\.example is damaged/],
	[{ auths: { 'registry.example': { auth: 7 } } }, /its login of registry\.example is damaged/],
];

test('a damaged config.json is named, and nothing of it is told', async () => {
	for (const [config, says] of brokenFiles)
		assertTold(await failureOf('registry.example/x', { config }), says, [secret]);
});

test('a config.json that cannot be read is named', async () => {
	using scratch = createScratch('config');
	const configPath = join(scratch.path, 'config.json');
	mkdirSync(configPath);
	const failure = await failureOf('registry.example/x', { logins: { configPath } });
	assertTold(failure, /Cannot read Docker's logins in \/.*config\.json: it is a directory/);
});

const brokenHelpers: readonly (readonly [string, RegExp])[] = [
	[`echo ${secret}; echo ${secret} >&2; exit 1`, /from docker-credential-bad: it ended with code 1\nTry it as/],
	[`echo ${secret}`, /its answer has no Username and Secret/],
	[`echo '{"Username":"x","secret":"${secret}"}'`, /its answer has no Username and Secret/],
	['echo null', /its answer has no Username and Secret/],
	['exec 0<&-', /its answer has no Username and Secret/],
	[`echo ${secret}; kill -9 $$`, /it ended with code -1/],
];

test('a credential helper that fails is named, and nothing that it says is told', async () => {
	for (const [bad, says] of brokenHelpers)
		assertTold(await failureOf('registry.example/x', { config: { credsStore: 'bad' }, helpers: { bad } }), says, [
			secret,
		]);
	const config = { credsStore: 'missing' };
	assertTold(await failureOf('registry.example/x', { config }), /docker-credential-missing: it is not installed/);
});

test('a credential helper that does not answer is ended with all that it has started', async () => {
	using scratch = createScratch('helper');
	using host = createNamespace('logins');
	const begun = join(scratch.path, 'begun');
	const helpers = { slow: `echo ${secret}; touch ${begun}; sleep 600; echo late` };
	const logins = { helperMs: 1_000 };
	using asker = createAsker(host, { config: { credsStore: 'slow' }, helpers, logins });
	assertTold(await asker.failure('registry.example/x'), /no answer within 1 s/, [secret]);
	assert.ok(existsSync(begun));
	const left = (): string => host.run('ip', ['netns', 'pids', host.name]);
	await eventually(left, (pids) => pids.trim().split('\n').length <= 2);
});

test('an image whose name nobody can read is refused before anybody is asked', async () => {
	const { code, message, remedy } = await failureOf('https://registry.example/x', {});
	assert.equal(code, 'image');
	assert.match(`${message}\n${remedy}`, /^Cannot pull the image: .* remove https:\/\/\nSee envoy\.image/);
});

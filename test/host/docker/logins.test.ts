// ECR's logins, with AWS's own client against a server that speaks its protocol, on a host with a role and without.
import assert from 'node:assert/strict';
import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createHost, type HostOptions } from '../../lab/net/host.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { type Credentials, ecrAccount, startEcr } from '../../lab/services/ecr.ts';
import { startMetadata } from '../../lab/services/metadata.ts';
import { eventually } from '../../support/eventually.ts';
import { assertNoSecret, assertTold, createAsker } from '../../support/logins.ts';

const account = '123456789012';
const registry = `${account}.dkr.ecr.us-west-2.amazonaws.com`;
const image = `${registry}/aws-appmesh-envoy:v1`;
const login = { ...ecrAccount(account), serveraddress: registry };
const bare: HostOptions = { container: false, ipv6: false };

const variables = ({ accessKeyId, secretAccessKey }: Credentials) => ({
	AWS_ACCESS_KEY_ID: accessKeyId,
	AWS_SECRET_ACCESS_KEY: secretAccessKey,
});
const anyone = { accessKeyId: 'AKIALABLABLABLABLABL', secretAccessKey: 'lab-secret-key-lab-secret-key' };

test("a host's role logs in to ECR, once: the login is kept although its date has passed, and asked for anew when refused", async () => {
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	const role = ecr.createUser('role', true);
	ecr.requireCredentials();
	using metadata = await startMetadata(lab.world, role);
	using asker = createAsker(lab.host, { env: ecr.env });
	const before = ecr.answers();
	assert.deepEqual(await asker.login(image), login);
	assert.deepEqual(await asker.login(image), login);
	assert.deepEqual(await asker.login(`${registry}/other:v2`), login);
	assert.equal(ecr.answers() - before, 1);
	assert.deepEqual(metadata.asked(), [
		'PUT /latest/api/token',
		'GET /latest/meta-data/iam/security-credentials/',
		'GET /latest/meta-data/iam/security-credentials/lab-role',
	]);
	assert.deepEqual(await asker.login(image, true), login);
	assert.equal(ecr.answers() - before, 2);
	assert.deepEqual(await asker.login(image), login);
	assert.equal(ecr.answers() - before, 2);
});

test('each registry has a login of its own, for its own account', async () => {
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	using asker = createAsker(lab.host, { env: { ...ecr.env, ...variables(anyone) } });
	for (const [owner, host] of [
		['123456789012', 'dkr.ecr.eu-central-1.amazonaws.com'],
		['210987654321', 'dkr-ecr.us-east-1.on.aws'],
		['210987654321', 'dkr.ecr.cn-north-1.amazonaws.com.cn'],
	] as const)
		assert.deepEqual(await asker.login(`${owner}.${host}/envoy`), {
			...ecrAccount(owner),
			serveraddress: `${owner}.${host}`,
		});
});

test('whom AWS denies it is told so without any secret', async () => {
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	const nobody = ecr.createUser('nobody', false);
	ecr.requireCredentials();
	const secrets = [nobody.secretAccessKey, anyone.secretAccessKey, 'lab-session', ecrAccount(account).password];
	for (const credentials of [variables(nobody), { ...variables(anyone), AWS_SESSION_TOKEN: 'lab-session' }]) {
		using asker = createAsker(lab.host, { env: { ...ecr.env, ...credentials } });
		assertTold(
			await asker.failure(image),
			/AWS denies it to these credentials\nAllow it ecr:GetAuthorization/,
			secrets,
		);
	}
});

const user = 'arn:aws:sts::123456789012:assumed-role/lab-role/i-0123456789abcdef0';
/** In AWS's words: the code, the message; what we make of it. */
const answers: readonly (readonly [string, string, RegExp])[] = [
	[
		'AccessDeniedException',
		`User: ${user} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because …`,
		/AWS denies it to arn:aws:sts::123456789012:assumed-role\/lab-role\/i-0123456789abcdef0\nAllow it/,
	],
	['AccessDeniedException', 'SESSION', /AWS denies it to these credentials\nAllow it/],
	['UnrecognizedClientException', 'The security token included in the request is invalid', /does not take this host's/],
	['ExpiredTokenException', 'SESSION has expired', /does not take this host's credentials \(ExpiredTokenException\)/],
	[
		'InvalidSignatureException',
		"The Canonical String should have been 'POST\n/\nx-amz-security-token:SESSION'",
		/does not take this host's credentials \(InvalidSignatureException\)\nSee .* the host's clock is right/,
	],
	['InvalidParameterException', 'SESSION', /AWS's answer is not a login \("InvalidParameterException"\)/],
	['NobodyKnowsException', 'SESSION', /AWS's answer is not a login/],
];

test("AWS's own refusals are told in words of ours, with nothing that they quote", async () => {
	const session = 'lab-session-token';
	const env = { ...variables(anyone), AWS_SESSION_TOKEN: session };
	for (const [type, message, says] of answers) {
		const body = JSON.stringify({ __type: type, message: message.replace('SESSION', session) });
		await using server = await startAnswerer(400, body);
		using asker = createAsker(here, { env: { ...env, AWS_ENDPOINT_URL_ECR: server.url } });
		assertTold(await asker.failure(image), says, [anyone.secretAccessKey, session]);
	}
});

test('an answer that is none of AWS is no login', async () => {
	for (const [status, body] of [
		[200, '<html>Please sign in</html>'],
		[200, '{}'],
		[200, '{"authorizationData":[{"authorizationToken":""}]}'],
		[404, 'Not here'],
	] as const) {
		await using server = await startAnswerer(status, body);
		using asker = createAsker(here, { env: { ...variables(anyone), AWS_ENDPOINT_URL_ECR: server.url } });
		assertTold(await asker.failure(image), /AWS's answer is not a login .*\nTry again later/, [anyone.secretAccessKey]);
	}
});

test('a host without credentials is told to get a role, whether its metadata is not there, knows no role, or is silent', async () => {
	const says = /this host has no AWS credentials\nGive the instance a role that allows ecr:GetAuthorizationToken/;
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	using asker = createAsker(lab.host, { env: ecr.env });
	assertTold(await asker.failure(image), says);
	for (const role of [undefined, 'stalled'] as const) {
		using metadata = await startMetadata(lab.world, role);
		assertTold(await asker.failure(image), says);
		assert.ok(metadata.asked().includes('PUT /latest/api/token'));
	}
	assert.equal(ecr.answers(), 0);
});

test('ECR that is away or silent is told as what it is', async () => {
	using lab = createHost(bare);
	const env = { AWS_ENDPOINT_URL_ECR: 'http://127.0.0.1:5555', ...variables(anyone) };
	using away = createAsker(lab.host, { env });
	assertTold(
		await away.failure(image),
		/AWS does not answer \(ECONNREFUSED\)\nLet this host reach ECR's API in us-west-2/,
	);
	const fips = `${account}.dkr.ecr-fips.us-east-1.amazonaws.com/envoy`;
	assertTold(await away.failure(fips), /AWS's client has no endpoint for it\nSee .* do not go with FIPS/);
	using ecr = await startEcr(lab.host);
	ecr.stall();
	using impatient = createAsker(lab.host, { env, logins: { ecrMs: 1_500 } });
	assertTold(await impatient.failure(image), /AWS does not answer within 1.5 s/, [anyone.secretAccessKey]);
});

test('the endpoint of the region, with FIPS where the image says so, is told where its name is not found', async () => {
	using alone = createNamespace('alone');
	using asker = createAsker(alone, { env: variables(anyone) });
	for (const [host, endpoint] of [
		['dkr.ecr.us-west-2.amazonaws.com', 'api.ecr.us-west-2.amazonaws.com'],
		['dkr.ecr-fips.us-west-2.amazonaws.com', 'api.ecr-fips.us-west-2.amazonaws.com'],
		['dkr.ecr.cn-north-1.amazonaws.com.cn', 'api.ecr.cn-north-1.amazonaws.com.cn'],
		['dkr.ecr.us-iso-east-1.c2s.ic.gov', 'api.ecr.us-iso-east-1.c2s.ic.gov'],
		['dkr.ecr.xx-nowhere-9.amazonaws.com', 'api.ecr.xx-nowhere-9.amazonaws.com'],
	]) {
		const failure = await asker.failure(`${account}.${host}/envoy`);
		assertTold(failure, /See that the image names a region that exists/, [anyone.secretAccessKey]);
		assert.ok(failure.message.endsWith(`the name ${endpoint} is not found`), failure.message);
	}
});

test('while ECR is asked no argument of any process holds a secret, and whoever gives up waiting leaves none behind', async () => {
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	ecr.stall();
	const role = { ...anyone, sessionToken: 'lab-session-token' };
	using metadata = await startMetadata(lab.world, role);
	using asker = createAsker(lab.host, { env: ecr.env });
	const answer = asker.ask({ image, abortMs: 15_000 });
	await eventually(
		() => metadata.asked().length,
		(count) => count === 3,
	);
	const [child = ''] = childrenOf(asker.pid);
	const words = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
	assert.deepEqual(words.slice(2), ['ecr-login', '--json', '']);
	const secrets = [role.secretAccessKey, role.sessionToken, role.accessKeyId];
	assertNoSecret(readFileSync(`/proc/${child}/environ`, 'utf8'), secrets);
	const given = await answer;
	assert.ok('failure' in given);
	assertNoSecret(given.failure.everything, secrets);
	await eventually(
		() => childrenOf(asker.pid),
		(children) => children.length === 0,
	);
	ecr.resume();
	assert.deepEqual(await asker.login(image), login);
});

test('the process that asks for a login keeps none of the memory that it takes', async () => {
	using lab = createHost(bare);
	using ecr = await startEcr(lab.host);
	using asker = createAsker(lab.host, { env: { ...ecr.env, ...variables(anyone) } });
	await asker.login('public.ecr.aws/envoy:v1');
	const before = residentMegabytes(asker.pid);
	for (let round = 0; round < 3; round += 1) await asker.login(image, true);
	const more = residentMegabytes(asker.pid) - before;
	assert.ok(more < 12, `${more} MB more`);
});

const childrenOf = (pid: number): string[] =>
	readdirSync(`/proc/${pid}/task`).flatMap((task) =>
		readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
	);

const residentMegabytes = (pid: number): number =>
	Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** This machine itself, for what needs no host of the lab. */
const here = {
	spawn: (file: string, args: readonly string[], options: SpawnOptions = {}) => spawn(file, args, options),
};

async function startAnswerer(status: number, body: string): Promise<AsyncDisposable & { readonly url: string }> {
	const server = createServer((_, response) => response.writeHead(status).end(body));
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => promisify(server.close.bind(server))() };
}

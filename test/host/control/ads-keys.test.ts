// Envoys that show a signature of an access key instead of a certificate, as AWS's image does.
import assert from 'node:assert/strict';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type AdsGroup, createAdsClients } from '../../lab/net/ads-clients.ts';
import { NOBODY } from '../../support/control-program.ts';
import { CONTROL, createFleetHost, createShop, DOOR } from '../../support/fleet-host.ts';
import { signedCall } from '../../support/signed-call.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const LOAD_METHOD = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';
const [allowed, other] = ['TURN00000000ALLOWED', 'TURN0000000000OTHER'].map((accessKeyId) => ({
	accessKeyId,
	secretAccessKey: 's'.repeat(40),
}));
const region = 'eu-west-1';
const arnOf = (id: string) => `arn:aws:appmesh:${region}:000000000000:${id}`;

describe('Envoys with an access key', async () => {
	const stack = suiteStack();
	const fleet = await createFleetHost(stack);
	const plain = await fleet.start();
	await createShop(plain);
	await plain.stop('SIGTERM');
	const keys = join(fleet.folder, 'control/keys.json');
	const policy = (Resource: string) => ({
		Version: '2012-10-17',
		Statement: [{ Effect: 'Allow', Action: 'appmesh:StreamAggregatedResources', Resource }],
	});
	writeFileSync(
		keys,
		JSON.stringify({
			keys: [
				{ ...allowed, user: 'door', policies: ['Door'] },
				{ ...other, user: 'other', policies: ['Other'] },
			],
			policies: { Door: policy(arnOf(DOOR)), Other: policy(arnOf('mesh/shop/virtualNode/v1')) },
		}),
		{ mode: 0o600 },
	);
	chownSync(keys, NOBODY, NOBODY);
	const control = stack.use(await fleet.start('--keys', keys, '--region', region));
	const ca = readFileSync(fleet.authority.path, 'utf8');

	/** What `envoy.grpc_credentials.aws_iam` makes: of an empty body, and of the host as gRPC calls it. */
	const headersOf = async (credentials = allowed, more: { readonly path?: string; readonly atMs?: number } = {}) => {
		assert.ok(credentials);
		const { path = METHOD, atMs = Date.now() } = more;
		const call = { method: 'POST', path, headers: { host: `${CONTROL}:18000` } };
		const { rawHeaders } = await signedCall(credentials, call, { region, atMs, addsPayloadHash: true });
		const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, at) => rawHeaders.slice(at * 2, at * 2 + 2));
		return Object.fromEntries(pairs.filter(([name]) => name !== 'host'));
	};
	const ask = async (headers: AdsGroup['headers'] = {}, path = METHOD) => {
		using clients = createAdsClients(fleet.namespace);
		await clients.connect(`https://${CONTROL}:18000`, [{ node: DOOR, count: 2, ca, headers, path, routes: [] }]);
		return (await clients.counts()).responses;
	};

	test('get the configuration of the nodes that its policies allow', async () => {
		assert.ok((await ask(await headersOf())) > 0);
	});

	test('are refused where a policy does not allow it, and where it is not signed by one', async () => {
		await assert.rejects(
			ask(await headersOf(other)),
			/7: User other is not authorized to perform appmesh:StreamAggregatedResources/,
		);
		const later = { atMs: Date.now() - 10 * 60_000 };
		for (const headers of [{}, await headersOf(allowed, later), await headersOf(allowed, { path: '/' })])
			await assert.rejects(ask(headers), /16: from 10\.9\.0\.1: this request is not signed as it has to be/);
		assert.match(control.log(), /"event":"request refused","reason":"other-time"/);
		// Their load they may not report either.
		await assert.rejects(ask({}, LOAD_METHOD), /16: from 10\.9\.0\.1: this request is not signed as it has to be/);
		await assert.rejects(
			ask(await headersOf(other, { path: LOAD_METHOD }), LOAD_METHOD),
			/7: User other is not authorized to perform appmesh:StreamAggregatedResources/,
		);
		assert.match(control.log(), /"event":"request refused","reason":"unsigned"/);
	});
});

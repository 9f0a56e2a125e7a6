// Envoys that have nothing but a bootstrap, and get their configuration from `turnout control --ads` by mutual TLS.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askSocket } from '../../lab/net/socket.ts';
import { turnout } from '../../lab/turnout.ts';
import { createAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import {
	CONTROL,
	type Control,
	createFleetHost,
	createShop,
	DOOR,
	doorOf,
	type RemoteEnvoy,
	routeOf,
	spiffe,
} from '../../support/fleet-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const door = { address: '127.0.0.1', port: 8088, host: 'pages.shop' };
const ROUTE = '/meshes/shop/virtualRouter/pages/routes/all';
const GATEWAY = '/meshes/shop/virtualGateways/door';

describe('Envoys of other hosts', async () => {
	const stack = suiteStack();
	const fleet = await createFleetHost(stack);
	const { app, authority } = fleet;
	let control: Control = await fleet.start();
	stack.defer(async () => void (await control.stop('SIGTERM')));
	await createShop(control);
	const envoy = stack.use(await fleet.startEnvoy());
	const answers = (name: string) =>
		eventually(
			() => app.get(door),
			({ body }) => body === name,
		);
	const socket = join(fleet.folder, 'control/mesh/.turnout-control');
	const status = async () => JSON.parse((await askSocket(socket, 'GET', '/control/v1/status')).text);
	const nodeOf = async () => (await status()).nodes.find(({ node }: { node: string }) => node === DOOR);

	test('get all of it, and what the API changes', async () => {
		await answers('v1');
		await eventually(nodeOf, (node) => node.connected === 1 && node.settled === 1);
		await control.ask('PUT', ROUTE, { spec: routeOf([0, 100]) });
		await answers('v2');
		await eventually(nodeOf, (node) => node.settled === 1);
		assert.match(control.log(), /"event":"mesh accepted","node":"mesh\/shop\/virtualGateway\/door","by":1,"ms":\d/);
	});

	test('that reject it keep what they had, and it is told in their words', async () => {
		const file = { certificateChain: '/nowhere/chain.pem', privateKey: '/nowhere/key.pem' };
		const load = await app.startLoad(door, 2);
		await control.ask('PUT', GATEWAY, { spec: doorOf({ mode: 'STRICT', certificate: { file } }) });
		const { rejected } = await eventually(nodeOf, (node) => node.rejected !== undefined && node.settled === 1);
		assert.equal(rejected.of, 'lds');
		assert.match(rejected.why, /\/nowhere\/key\.pem/);
		assert.equal(rejected.reverted, true);
		const told =
			/"event":"envoy rejected the mesh","node":"mesh\/shop\/virtualGateway\/door".*"changed":"[^"]*door\.yaml"/;
		await eventually(control.log, (log) => told.test(log));
		assert.equal(
			turnout(fleet.namespace, ['control', 'status', '--definitions', `${fleet.folder}/control/mesh`]).code,
			1,
		);
		await control.ask('PUT', GATEWAY, { spec: doorOf() });
		await eventually(nodeOf, (node) => node.rejected === undefined && node.settled === 1);
		assert.deepEqual(Object.keys(await load.stop()), ['v2']);
	});

	test('are refused with a certificate of another node, an expired one, that of another authority, and for a node that there is not', async () => {
		const stranger = createAuthority(fleet.folder, 'stranger');
		const refused: readonly (readonly [what: string, options: Parameters<typeof fleet.startEnvoy>[0], why: RegExp])[] =
			[
				[
					'other',
					{ certificate: authority.issue('other', [spiffe('mesh/shop/virtualNode/v1')]) },
					/the certificate \\"CN=other\\" \(serial \w+\), from 10\.9\.0\.1, is of mesh\/shop\/virtualNode\/v1, and its Envoy says that it is \\"mesh\/shop\/virtualGateway\/door\\"/,
				],
				[
					'expired',
					{ certificate: authority.issueExpired('expired', [spiffe(DOOR)]) },
					/\\"CN=expired\\" .* has expired on Feb {2}1 00:00:00 2020 GMT/,
				],
				[
					'foreign',
					{ certificate: stranger.issue('foreign', [spiffe(DOOR)]) },
					/\\"CN=foreign\\" .* is not by an authority of --client-ca/,
				],
				[
					'unknown',
					{ node: 'mesh/shop/virtualGateway/doer' },
					/have no \\"mesh\/shop\/virtualGateway\/doer\\".*did you mean mesh\/shop\/virtualGateway\/door\?/,
				],
			];
		for (const [what, options, why] of refused) {
			using other = await fleet.startEnvoy(options);
			await eventually(control.log, (log) => why.test(log));
			// Its own log says it as well.
			await eventually(other.log, (log) =>
				/StreamAggregatedResources gRPC config stream to turnout_xds closed.*: (3|7|16), .*;%20/.test(log),
			);
			assert.match(other.admin('/server_info'), /"state": "(PRE_)?INITIALIZING"/, what);
		}
		const told = control.log().match(/"event":"an Envoy is refused its configuration"/g) ?? [];
		assert.equal(told.length, refused.length, 'once each');
	});

	test('and certificates that are renewed under load: no request fails, and both sides show the new ones', async () => {
		const load = await app.startLoad(door, 2);
		const renewed = [authority.issue('new-envoy', [spiffe(DOOR)]), authority.issue('new-control', [CONTROL])] as const;
		envoy.renew(renewed[0]);
		fleet.renewControl(renewed[1]);
		await eventually(control.log, (log) =>
			log.includes('"event":"certificates are read again","subject":"CN=new-control"'),
		);
		const serial = new X509Certificate(readFileSync(renewed[0].certificateChain)).serialNumber.toLowerCase();
		await eventually(
			() => envoy.admin('/certs'),
			(certs) => certs.includes(serial),
		);
		await control.stop('SIGKILL');
		control = await fleet.start();
		await eventually(nodeOf, (node) => node?.settled === 1);
		await control.ask('PUT', ROUTE, { spec: routeOf([100, 0]) });
		await answers('v1');
		assert.deepEqual(Object.keys(await load.stop()).sort(), ['v1', 'v2']);
	});

	test('are sent nothing that they have by a control that was killed and started again', async () => {
		const before = updates(envoy);
		await control.stop('SIGKILL');
		control = await fleet.start();
		await eventually(nodeOf, (node) => node?.settled === 1);
		assert.deepEqual(updates(envoy), before);
		assert.equal((await app.get(door)).body, 'v1');
	});
});

/** How often Envoy has taken something of each kind. */
const updates = (envoy: RemoteEnvoy): readonly string[] =>
	envoy
		.admin('/stats')
		.split('\n')
		.filter((line) => /update_(success|rejected): /.test(line) && !line.includes('sds'));

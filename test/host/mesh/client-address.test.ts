// Whose address Envoy and the application see of inbound connections, where Envoy is configured from a mesh.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { startAddressApp } from '../../support/address-app.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { host, world: caller } = addresses;
const ports = { http: 8080, tcp: 8082 } as const;
const families = ['v4', 'v6'] as const;

const format = {
	format: { json: [{ key: 'from', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' }] },
	path: '/dev/stdout',
};
const definitions = [
	mesh(),
	client([], {
		listeners: [
			{ portMapping: { port: ports.http, protocol: 'http' } },
			{ portMapping: { port: ports.tcp, protocol: 'tcp' } },
		],
		logging: { accessLog: { file: format } },
	}),
];

describe('with a mesh', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const peer = stack.use(createPeer(lab.outside));
	stack.use(await startAddressApp(lab.host, ports.tcp));
	await lab.app.serve({ name: 'app', address: '::', port: ports.http });
	const seenOf = async () =>
		Promise.all(
			families.map(async (family) => {
				const { headers } = await lab.world.get({ address: host[family], port: ports.http, host: 'app' });
				const answer = await peer.connect(host[family], ports.tcp);
				return [headers['x-from'], answer.kind === 'answered' ? answer.by : answer.kind];
			}),
		);

	for (const mode of ['tproxy', 'redirect'])
		test(`by ${mode} the application sees the client's address where that is asked for, and Envoy's log has it, over IPv4 and IPv6`, async () => {
			const env = { TURNOUT_INGRESS_MODE: mode, TURNOUT_INGRESS_KEEP_CLIENT: 'application' };
			await using daemon = await lab.start(definitions, { env });
			// The second time on connections that are kept.
			for (const _ of [1, 2]) assert.deepEqual(await seenOf(), [both(caller.v4), both(caller.v6)]);
			const logged = await eventually(
				() => daemon.ask('logs').stdout,
				(log) => families.every((family) => log.split(`"from":"${caller[family]}"`).length >= 5),
			);
			assert.doesNotMatch(logged, /"from":"(?!10\.77\.0\.1"|fd77::1")/);
		});

	test("by TPROXY the application sees this host's own address where nothing else is asked for", async () => {
		await using _daemon = await lab.start(definitions, { env: { TURNOUT_INGRESS_MODE: 'tproxy' } });
		assert.deepEqual(await seenOf(), [both('127.0.0.1'), both('127.0.0.1')]);
	});
});

const both = (address: string): readonly string[] => [address, address];

// The fleet's four hosts: three with turnout, Envoy and a service, and a gateway that has an Envoy and nothing else.
import { copyFileSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpPeer, type HttpPeer, type HttpTarget } from '../lab/net/http-peer.ts';
import type { MeshHost } from '../lab/net/mesh-hosts.ts';
import { eventually } from '../support/eventually.ts';
import { guideService } from '../support/guide-commands.ts';
import { type MeshService, startMeshService } from '../support/mesh-service.ts';
import { command } from './daemon.ts';
import { V1, V2 } from './fleet-table.ts';
import { ADS, type FleetWorld } from './fleet-world.ts';
import { placeEnvoy } from './process.ts';

/** Somebody who calls service B, and by which way. */
export interface Asker {
	readonly peer: HttpPeer;
	readonly target: HttpTarget;
}

export interface FleetHosts {
	/** Service A's application, through its own Envoy. */
	readonly service: Asker;
	/** Somebody who is not of the mesh, through the gateway. */
	readonly stranger: Asker;
	/** The address of the control that the gateway's Envoy is connected to; undefined: of none. */
	readonly controlOfGateway: () => string | undefined;
}

const GATEWAY_PORT = 8088;
const gatewayId = { meshName: 'simpleapp', virtualGatewayName: 'gateway' };

/** Beside the guide's, which is older than gateways. */
export const gatewayInputs: Readonly<Record<string, object>> = {
	'gateway.json': {
		...gatewayId,
		spec: { listeners: [{ portMapping: { port: GATEWAY_PORT, protocol: 'http' } }] },
	},
	'gateway-route.json': {
		...{ ...gatewayId, gatewayRouteName: 'all' },
		spec: {
			httpRoute: {
				match: { prefix: '/' },
				action: { target: { virtualService: { virtualServiceName: guideService } } },
			},
		},
	},
};

export async function startFleetHosts(stack: AsyncDisposableStack, world: FleetWorld): Promise<FleetHosts> {
	const envoy = await placeEnvoy(world.folder);
	const gateway = world.hostOf('gateway');
	const [{ app }] = await Promise.all([
		startServices(stack, world, envoy),
		startGateway(stack, gateway, { world, envoy }),
	]);
	const client = stack.use(createHttpPeer(world.client.namespace));
	const hosts: FleetHosts = {
		service: { peer: app, target: { address: guideService, port: 80, host: guideService } },
		stranger: { peer: client, target: { address: gateway.address, port: GATEWAY_PORT, host: guideService } },
		controlOfGateway: () => controlIn(gateway),
	};
	for (const { peer, target } of [hosts.service, hosts.stranger])
		await eventually(
			() => peer.get(target),
			({ status }) => status === 200,
		);
	return hosts;
}

const nodes = [
	['service-a', 'serviceA'],
	[V1, 'serviceBv1'],
	[V2, 'serviceBv2'],
] as const;

/** Returns service A. */
async function startServices(stack: AsyncDisposableStack, world: FleetWorld, envoy: string): Promise<MeshService> {
	const { definitions, hostOf } = world;
	const services = await Promise.all(
		nodes.map(([name, node]) =>
			startMeshService(hostOf(name), {
				...{ node: `mesh/simpleapp/virtualNode/${node}`, definitions, envoy, answer: name },
				args: ['--envoy-drain-seconds', '5'],
			}),
		),
	);
	// At once: each waits for its connections to drain.
	stack.defer(async () => void (await Promise.all(services.map((service) => service[Symbol.asyncDispose]()))));
	const [first] = services;
	if (first === undefined) throw new Error('unreachable: there are three');
	return first;
}

interface GatewayPlace {
	readonly world: FleetWorld;
	readonly envoy: string;
}

/** As docs/certificates.md has it: a folder of files for an Envoy, which a certificate says to be the gateway's. */
async function startGateway(
	stack: AsyncDisposableStack,
	host: MeshHost,
	{ world: { authority, folder }, envoy }: GatewayPlace,
): Promise<void> {
	const [own, node] = [join(folder, 'gateway'), 'mesh/simpleapp/virtualGateway/gateway'];
	const path = (name: string) => join(own, name);
	mkdirSync(own);
	const { certificateChain, privateKey } = authority.issue('gateway', [`spiffe://simpleapp.local/${node}`]);
	copyFileSync(certificateChain, path('certificate.pem'));
	copyFileSync(privateKey, path('key.pem'));
	copyFileSync(authority.path, path('ca.pem'));
	const files = ['--certificate', path('certificate.pem'), '--private-key', path('key.pem'), '--ca', path('ca.pem')];
	for (const form of ['bootstrap', 'certificate', 'authority']) {
		const words = ['mesh', 'render', '--as', form, '--ads', ADS, '--node', node, ...files] as const;
		writeFileSync(path(`${form}.json`), await command(host.namespace, ...words));
	}
	const admin = { admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 9901 } } } };
	const log = openSync(path('log'), 'a');
	const words = ['-c', path('bootstrap.json'), '--config-yaml', JSON.stringify(admin), '--disable-hot-restart'];
	const child = host.inside.spawn(envoy, [...words, '--concurrency', '1'], { stdio: ['ignore', log, log] });
	stack.defer(() => void child.kill('SIGKILL'));
}

const CONNECTED = /^turnout_xds::([\d.]+):\d+::cx_active::1$/m;

function controlIn({ namespace }: MeshHost): string | undefined {
	const ask = "fetch('http://127.0.0.1:9901/clusters').then((reply) => reply.text()).then(console.log)";
	const { stdout } = namespace.tryRun(process.execPath, ['-e', ask]);
	return CONNECTED.exec(stdout)?.[1];
}

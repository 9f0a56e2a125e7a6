// The demo's world with the real things: Docker and its containers, a registry, and what AWS gives an instance.

import { createHost, type Host } from '../lab/net/host.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createPeer, type Peer } from '../lab/net/peer.ts';
import { createPeers } from '../lab/net/peers.ts';
import { restore } from '../lab/net/restore.ts';
import { type Docker, startDockerd } from '../lab/services/dockerd.ts';
import { type Credentials, type Ecr, ecrAccount, findMoto, startEcr } from '../lab/services/ecr.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { importAnswerer } from '../lab/services/image.ts';
import { type Metadata, startMetadata } from '../lab/services/metadata.ts';
import { type Registry, registryOptions, startRegistry } from '../lab/services/registry.ts';
import type { Who } from './chart.ts';
import { startEcho } from './kept-connection.ts';
import { type Layer, packEnvoy, packSystem } from './layers.ts';
import { publish } from './publish.ts';
import { ports } from './rows.ts';
import { type DemoOptions, fact, step } from './stage.ts';
import { meshedBridge, networkPlugin } from './world.ts';

const ACCOUNT = '123456789012';
const registryName = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`;
export const imageName = 'aws-appmesh-envoy';
export const images = { v1: `${registryName}/${imageName}:v1`, v2: `${registryName}/${imageName}:v2` } as const;
export const login = ecrAccount(ACCOUNT);
export const ECHO_PORT = 7;
const dialect = 'nft';

export interface DockerWorld extends AsyncDisposable {
	readonly lab: Host;
	readonly docker: Docker;
	readonly ecr: Ecr;
	readonly registry: Registry;
	readonly metadata: Metadata;
	/** The instance's. */
	readonly role: Credentials;
	readonly actors: Readonly<Record<Who, Peer>>;
}

export async function createDockerWorld(options: DemoOptions): Promise<DockerWorld> {
	const { screen, scratch } = options;
	screen.tell('Looking for Envoy and moto; the first time they are downloaded …');
	const [program] = await Promise.all([findEnvoy(), findMoto()]);
	await using stack = new AsyncDisposableStack();
	const startMs = performance.now();
	screen.tell('Starting Docker, the registry and ECR …');
	const lab = stack.use(createHost({ container: false }));
	restore(lab.host, dialect, () => networkPlugin);
	const [services, versions] = await Promise.all([startServices(stack, lab), packVersions(scratch.path, program)]);
	step(options, 'A host with Docker, a registry that wants a login, and ECR', startMs);
	const publishMs = performance.now();
	if (screen.isLive) screen.tell('Publishing the image, and starting two containers …');
	const publishing = publish(lab.host, { name: imageName, versions, account: login, folder: scratch.path });
	const [actors] = await Promise.all([startActors(stack, lab, services.docker), publishing]);
	step(options, `Somebody publishes ${imageName}:v1 and :v2`, publishMs);
	fact(options, 'at', registryName);
	const kept = stack.move();
	return { lab, ...services, actors, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Of the second the system is another, and Envoy the same. */
async function packVersions(folder: string, program: string): Promise<Readonly<Record<string, readonly Layer[]>>> {
	const [envoy, first, second] = await Promise.all([
		packEnvoy(folder, program),
		packSystem(folder, program, '1'),
		packSystem(folder, program, '2'),
	]);
	return { v1: [first, envoy], v2: [second, envoy] };
}

/** From the moment that its host has a role, ECR asks for the keys of that. */
async function startServices(stack: AsyncDisposableStack, lab: Host) {
	const [ecr, registry, docker] = await Promise.all([
		startEcr(lab.host),
		startRegistry(lab.host, login),
		startDockerd(lab, { ...registryOptions(registryName), dialect }),
	]);
	for (const service of [ecr, registry, docker]) stack.use(service);
	const role = ecr.createUser('demo', true);
	ecr.requireCredentials();
	const metadata = stack.use(await startMetadata(lab.world, role));
	return { ecr, registry, docker, metadata, role };
}

async function startActors(stack: AsyncDisposableStack, lab: Host, docker: Docker): Promise<DockerWorld['actors']> {
	const appPorts = [22, ports.app, ports.other];
	const cast = createPeers(lab, { envoy: false, appPorts, worldPorts: [22, 443] });
	const echo = startEcho(lab.world, ECHO_PORT);
	startContainers(docker);
	const actors = stack.use(await cast);
	stack.use(await echo);
	const inside = (name: string) => stack.use(createPeer(namespaceOf(lab, docker, name)));
	return { ...actors, container: inside('shop'), meshed: inside('meshed') };
}

/** One whose port Docker publishes, and one on a bridge of its own, in both families. */
function startContainers(docker: Docker): void {
	importAnswerer(docker);
	const run = (...args: readonly string[]) => docker.docker(['run', '--detach', ...args]);
	run('--name', 'shop', '--publish', `${ports.published}:80`, 'answerer:1', 'shop', '80');
	const bridge = ['--opt', `com.docker.network.bridge.name=${meshedBridge}`, '--ipv6'];
	docker.docker(['network', 'create', ...bridge, '--subnet', '172.18.0.0/16', '--subnet', 'fd18::/64', 'mesh']);
	run('--name', 'meshed', '--network', 'mesh', 'answerer:1', 'meshed', '80');
}

/** Docker names no namespace; a process of the container is in it. */
function namespaceOf({ host }: Host, { docker }: Docker, container: string): Pick<Namespace, 'spawn'> {
	const pid = docker(['inspect', '--format', '{{.State.Pid}}', container]).trim();
	const enter = ['--net', '--target', pid, '--'];
	return { spawn: (file, args, options) => host.spawn('nsenter', [...enter, file, ...args], options) };
}

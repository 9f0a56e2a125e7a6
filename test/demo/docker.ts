// The demo's host with the real things: Docker and its containers, a registry with a login, and what AWS gives an instance.
import { dirname, join } from 'node:path';
import { createHost, type Host } from '../lab/net/host.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createPeer } from '../lab/net/peer.ts';
import { createPeers, remotePorts } from '../lab/net/peers.ts';
import { restore } from '../lab/net/restore.ts';
import { type Docker, startDockerd } from '../lab/services/dockerd.ts';
import { ecrAccount, findMoto, startEcr } from '../lab/services/ecr.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { importAnswerer, importImage } from '../lab/services/image.ts';
import { startMetadata } from '../lab/services/metadata.ts';
import { pushImage, registryOptions, startRegistry } from '../lab/services/registry.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { startEcho } from '../support/echo.ts';
import { startTurnout } from './daemon.ts';
import { type DemoOptions, fillColumn, type Setup } from './demo.ts';
import { ECHO_PORT, inspect, ownContainers, showEnvoy, update } from './docker-acts.ts';
import { showPull } from './pull.ts';
import type { Screen } from './screen.ts';
import { appPorts, meshedBridge, networkPlugin, ports, worldAddresses, writeSettings } from './settings.ts';
import { claim } from './verdict.ts';

const ACCOUNT = '123456789012';
const registry = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`;
const name = 'aws-appmesh-envoy';
const imageOf = (tag: string): string => `${registry}/${name}:${tag}`;
const account = ecrAccount(ACCOUNT);

export async function openDockerSetup({ screen, folder }: DemoOptions): Promise<Setup> {
	screen.note('Looking for Envoy and moto; the first time they are downloaded …');
	const [program] = await Promise.all([findEnvoy(), findMoto()]);
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost({ container: false, worldAddresses }));
	const services = await startServices(stack, lab, screen);
	const { docker, role } = services;
	const startMs = performance.now();
	screen.tell('Publishing the image, and starting two containers …');
	await publish(docker, program);
	const peers = await startPeers(stack, lab, docker);
	screen.step(`Somebody publishes ${name}:v1 and :v2`, startMs);
	screen.fact('at', registry);
	const settings = writeSettings(folder, { runtime: 'docker', image: imageOf('v1'), dockerSocket: docker.socket });
	const secrets = [account.password, role.accessKeyId, role.secretAccessKey];
	const kept = stack.move();
	return {
		...{ host: lab.host, settings, peers },
		start: (shown) => start(lab.host, settings, services, shown),
		async whileEnabled(demo, daemon, evidence) {
			await update(demo, daemon, docker, imageOf('v2'));
			await fillColumn(demo, 'after update', evidence);
			await inspect(demo, daemon, docker, secrets);
		},
		whenStopped() {
			const left = ownContainers(docker);
			const text = "Docker has no container of turnout's any more.";
			return claim(left.length === 0, text, `Docker still has ${left.join(', ')}.`);
		},
		hints: {
			prompt: [`update --image ${imageOf('v1')}`, 'the first again'],
			shell: [`env DOCKER_HOST=${docker.env.DOCKER_HOST} /usr/bin/docker ps`, 'Docker'],
		},
		[Symbol.asyncDispose]: () => kept.disposeAsync(),
	};
}

type Services = Awaited<ReturnType<typeof startServices>>;

/** From the moment that its host has a role, ECR asks for the keys of that. */
async function startServices(stack: AsyncDisposableStack, { host, world, ...lab }: Host, screen: Screen) {
	const startMs = performance.now();
	screen.tell('Starting Docker, the registry and ECR …');
	restore(host, 'nft', () => networkPlugin);
	const [ecr, docker, server] = await Promise.all([
		startEcr(host),
		startDockerd({ host, world, ...lab }, { ...registryOptions(registry), dialect: 'nft' }),
		startRegistry(host, account),
	]);
	for (const service of [ecr, server, docker]) stack.use(service);
	const role = ecr.createUser('demo', true);
	ecr.requireCredentials();
	const metadata = stack.use(await startMetadata(world, role));
	screen.step('A host with Docker, a registry that wants a login, and ECR', startMs);
	return { ecr, docker, metadata, role };
}

/** As if built elsewhere: afterwards the host's Docker knows neither of them. */
async function publish(docker: Docker, program: string): Promise<void> {
	for (const tag of ['v1', 'v2']) {
		const files = { 'etc/os-release': `VERSION_ID=${tag}\n` };
		importImage(docker, { tag: imageOf(tag), program, at: '/usr/bin/envoy', files });
		await pushImage(docker, imageOf(tag), account);
		docker.docker(['image', 'rm', imageOf(tag)]);
	}
}

/** The world leaves port 80 to the instance's metadata. */
async function startPeers(stack: AsyncDisposableStack, lab: Host, docker: Docker): Promise<Setup['peers']> {
	const worldPorts = remotePorts.filter((port) => port !== 80);
	const starting = [createPeers(lab, { envoy: false, appPorts, worldPorts }), startEcho(lab.world, ECHO_PORT)] as const;
	startContainers(docker);
	const [peers, echo] = await Promise.all(starting);
	for (const each of [peers, echo]) stack.use(each);
	const inside = (container: string) => stack.use(createPeer(namespaceOf(lab, docker, container)));
	return { ...peers, container: inside('shop'), meshed: inside('meshed') };
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

async function start(host: Namespace, settings: string, services: Services, screen?: Screen): Promise<TestDaemon> {
	const { docker, ecr, metadata } = services;
	const [startMs, folder, answers] = [performance.now(), dirname(settings), ecr.answers()];
	// Nothing of what the visitor has at home: no login, no keys, no settings of AWS's.
	const env = { ...ecr.env, HOME: folder, DOCKER_CONFIG: docker.env.DOCKER_CONFIG };
	const starting = startTurnout(host, settings, env);
	if (screen === undefined) return starting;
	screen.tell('$ turnout run');
	const [daemon, pulled] = await showPull(screen, join(folder, 'control.sock'), starting);
	screen.step('$ turnout run', startMs);
	const [keys, logins] = [metadata.asked().length, ecr.answers() - answers];
	screen.fact('login', `${keys} requests to 169.254.169.254 for the role's keys, ${logins} to ECR with them`);
	screen.fact('pulled', pulled);
	await showEnvoy(screen, daemon, docker);
	return daemon;
}

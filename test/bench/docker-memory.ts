import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../src/status/types.ts';
import { createHost } from '../lab/net/host.ts';
import { type Docker, startDockerd } from '../lab/services/dockerd.ts';
import { ecrAccount, startEcr } from '../lab/services/ecr.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { importEnvoy } from '../lab/services/image.ts';
import { pushImage, registryOptions, startRegistry } from '../lab/services/registry.ts';
import { startDaemon } from '../lab/turnout.ts';
import type { Figure } from './figure.ts';
import { createKeptClient, type KeptClient } from './kept-client.ts';
import type { BenchOptions } from './options.ts';
import { enableOften, pidOf, startNode, weigh } from './rest.ts';

const ACCOUNT = '123456789012';
const registry = `${ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com`;
const images = ['v1', 'v2'].map((tag) => `${registry}/envoy:${tag}`);
/** Any: whether AWS takes them is no matter here. */
const keys = { AWS_ACCESS_KEY_ID: 'AKIALAB', AWS_SECRET_ACCESS_KEY: 'lab-secret' };

/** The daemon's memory with Envoy in Docker: once it is LIVE after a pull with ECR's login, and after much has happened. */
export async function benchDockerMemory({ cycles }: Pick<BenchOptions, 'cycles'>): Promise<readonly Figure[]> {
	const [restarts, updates] = [Math.ceil(cycles / 5), Math.ceil(cycles / 10)];
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const ecr = stack.use(await startEcr(lab.host));
	stack.use(await startRegistry(lab.host, ecrAccount(ACCOUNT)));
	const docker = stack.use(await startDockerd(lab, registryOptions(registry)));
	await publish(docker);
	const [image = ''] = images;
	const settings = ['--envoy-runtime', 'docker', '--envoy-image', image, '--envoy-docker-socket', docker.socket];
	const args = [...settings, '--start-enabled', '1', '--envoy-drain-seconds', '5', '--envoy-stable-seconds', '1'];
	const daemon = stack.use(await startDaemon(lab.host, { args, env: { ...ecr.env, ...keys } }));
	const node = stack.adopt(await startNode(lab.host), (child) => void child.kill('SIGKILL'));
	const pids = [daemon.process, node].map(pidOf);
	const atFirst = weigh("Envoy in Docker, LIVE after a pull with ECR's login", pids);
	const client = stack.use(createKeptClient(daemon.socket));
	await restartOften(docker, client, restarts);
	for (let at = 1; at <= updates; at += 1) await client.post('/v1/update', { image: images[at % images.length] });
	await enableOften(daemon.socket, cycles);
	return [atFirst, weigh(`then ${restarts} restarts, ${updates} updates and ${cycles} enables`, pids)];
}

/** Two images that differ, and none of them is here. */
async function publish(docker: Docker): Promise<void> {
	const program = await findEnvoy();
	for (const tag of images) {
		importEnvoy(docker, program, tag);
		await pushImage(docker, tag, ecrAccount(ACCOUNT));
		docker.docker(['rmi', tag]);
	}
}

const STABLE_MS = 1_100;
const POLL_MS = 50;
const PATIENCE_MS = 60_000;

async function restartOften(docker: Docker, client: KeptClient, restarts: number): Promise<void> {
	for (let count = 1; count <= restarts; count += 1) {
		await sleep(STABLE_MS);
		docker.docker(['kill', 'turnout-envoy']);
		const deadline = performance.now() + PATIENCE_MS;
		while (!(await isLive(client, count))) {
			if (performance.now() > deadline) throw new Error(`Envoy is not LIVE again after ${count} restarts`);
			await sleep(POLL_MS);
		}
	}
}

async function isLive(client: KeptClient, restarts: number): Promise<boolean> {
	const { envoy } = JSON.parse(await client.get('/v1/status')) as Status;
	return envoy.state === 'live' && envoy.restarts === restarts;
}

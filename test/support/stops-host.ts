// A host with Docker, a registry that can be stalled, and daemons that succeed one another.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/status/types.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { importEnvoy } from '../lab/services/image.ts';
import { pushImage, type Registry, startRegistry } from '../lab/services/registry.ts';
import { type TestDaemon, turnout } from '../lab/turnout.ts';
import { removeContainers } from './as-said.ts';
import { rulesOf } from './daemon.ts';
import { createDockerHost, type DockerHost } from './docker-host.ts';
import { answeringBootstrap } from './envoy-bootstrap.ts';
import { eventually } from './eventually.ts';
import { statusOf } from './proxied.ts';

const name = 'registry.example';
export const OTHER = 'envoyproxy/envoy:v1.40.1';

export interface StopsPlace extends DockerHost {
	readonly registry: Registry;
	/** Settings of an image that is pulled, and while the registry stalls not to the end. */
	readonly pulled: { readonly image: string; readonly pull: string; readonly pullStallSeconds: number };
	/** Of an Envoy that answers with its name. */
	readonly config: string;
	/** What a test may have left goes. */
	readonly forget: () => void;
	readonly assertNothingLeft: () => void;
}

export async function createStopsPlace(stack: AsyncDisposableStack): Promise<StopsPlace> {
	const hosts = `127.0.0.1 localhost ${name}\n`;
	const place = await createDockerHost(stack, { hosts, config: { 'insecure-registries': [name] } });
	const { docker, lab, program } = place;
	const registry = stack.use(await startRegistry(lab.host));
	// Each another program of the same name, so that it is another image.
	for (const tag of [OTHER, `${name}/envoy:v1`]) importEnvoy(docker, program, tag);
	await pushImage(docker, `${name}/envoy:v1`);
	const config = join(stack.use(createScratch('bootstrap')).path, 'envoy.yaml');
	writeFileSync(config, answeringBootstrap('Envoy'));
	return {
		...place,
		registry,
		pulled: { image: `${name}/envoy:v1`, pull: 'always', pullStallSeconds: 60 },
		config,
		forget() {
			registry.resume();
			removeContainers(docker);
			turnout(lab.host, ['clean'], { env: { TURNOUT_DOCKER_SOCKET: docker.socket } });
		},
		assertNothingLeft() {
			assert.deepEqual(place.containers(), []);
			assert.equal(rulesOf(lab.host), place.untouched);
		},
	};
}

export const untilIs = (daemon: TestDaemon, wanted: Status['is']): Promise<Status> =>
	eventually(
		() => statusOf(daemon),
		({ is, envoy }) => is === wanted && envoy.state === 'live',
	);

/** As a crash would. */
export async function killed(daemon: TestDaemon): Promise<void> {
	daemon.process.kill('SIGKILL');
	await daemon.ended;
}

/** An end that does not come is a failure of its own test. */
export async function stopped(daemon: TestDaemon): Promise<number | null> {
	const late = setTimeout(() => daemon.process.kill('SIGKILL'), 60_000);
	return daemon.stop().finally(() => clearTimeout(late));
}

/** Node's program for a request to update that goes on while we do something else. */
export const updating = ({ lab }: DockerHost, { socket }: TestDaemon, image: string) =>
	lab.host.spawn(process.execPath, ['-e', post, '--', socket, image]);

const post = `
const [socketPath, image] = process.argv.slice(1);
const call = require('node:http').request({ socketPath, path: '/v1/update', method: 'POST' }, (reply) => reply.resume());
call.on('error', () => undefined);
call.end(JSON.stringify({ image }));`;

// A host with a real Docker and an image of a real Envoy in it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScratch } from '../lab/net/scratch.ts';
import { type Docker, type DockerOptions, startDockerd } from '../lab/services/dockerd.ts';
import { importEnvoy } from '../lab/services/image.ts';
import { type DaemonOptions, startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { rulesOf } from './daemon.ts';
import { createEnvoyHost, type EnvoyHost } from './envoy-host.ts';
import { eventually } from './eventually.ts';

export const IMAGE = 'envoyproxy/envoy:v1.40.0';

export interface DockerHost extends EnvoyHost {
	readonly docker: Docker;
	/** `turnout run` with the docker runtime; `settings` are those of its file, which `write` replaces. */
	readonly start: (settings?: object, folder?: string, more?: DaemonOptions) => Promise<TestDaemon>;
	/** Takes effect with the next reload. */
	readonly write: (settings: object) => void;
	/** Its containers but those that only keep an image: name, image and state, as Docker lists them. */
	readonly containers: () => string[];
}

export async function createDockerHost(stack: AsyncDisposableStack, options?: DockerOptions): Promise<DockerHost> {
	const place = await createEnvoyHost(stack);
	const docker = stack.use(await startDockerd(place.lab, options));
	importEnvoy(docker, place.program);
	const file = join(stack.use(createScratch('settings')).path, 'turnout.yaml');
	const standard = { runtime: 'docker', image: IMAGE, pull: 'never', dockerSocket: docker.socket, drainSeconds: 15 };
	const write = ({ envoy = {}, ...settings }: { readonly envoy?: object }): void =>
		writeFileSync(file, JSON.stringify({ appPorts: '8080', ...settings, envoy: { ...standard, ...envoy } }));
	const start: DockerHost['start'] = (settings = {}, folder, more = {}) => {
		write(settings);
		const args = ['--config', file, ...(more.args ?? ['--start-enabled', '1'])];
		return startDaemon(place.lab.host, { ...more, args, ...(folder === undefined ? {} : { folder }) });
	};
	const format = '{{.Names}} {{.Image}} {{.State}} {{.Label "turnout.keeps"}}';
	const containers = () =>
		docker
			.docker(['ps', '--all', '--format', format])
			.split('\n')
			.filter((line) => line.endsWith(' '))
			.map((line) => line.trimEnd());
	return { ...place, untouched: rulesOf(place.lab.host), docker, start, write, containers };
}

/** Its process on this machine; of two the one that came last. Never 0, which kill(2) takes for its caller's whole group. */
export function pidIn({ docker }: DockerHost, container = 'turnout-envoy'): number {
	const state = docker.docker(['inspect', '--format', '{{json .State}}', container]);
	const pid = Number(JSON.parse(state).Pid);
	if (pid > 0) return pid;
	throw new Error(`${container} does not run: ${state}`);
}

export const untilLive = (daemon: TestDaemon, patienceMs = 120_000): Promise<string> =>
	eventually(
		async () => (await daemon.readStatus()).envoy.state,
		(state) => state === 'live',
		patienceMs,
	);

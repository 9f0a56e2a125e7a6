import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import type { Credentials } from '../../envoy/runtime.ts';
import { statusOf } from './docker-errors.ts';
import { PATIENCE_MS, START_MS, within } from './time-limit.ts';

/** The calls to Docker's API. Each has a time limit, except those that take a signal and no other end. */
export interface Engine {
	readonly socket: string;
	/** Rejects if Docker does not answer. */
	ping(): Promise<void>;
	/** Its version, and where its rules are: '' before API 1.49. */
	describe(): Promise<{ readonly version: string; readonly firewall: string }>;
	/** Undefined if there is none. */
	inspectImage(name: string, signal?: AbortSignal): Promise<Docker.ImageInspectInfo | undefined>;
	list(label: string, signal?: AbortSignal): Promise<readonly Docker.ContainerInfo[]>;
	inspect(id: string): Promise<Docker.ContainerInspectInfo>;
	/** Resolves to its id. */
	create(options: Docker.ContainerCreateOptions): Promise<string>;
	start(id: string): Promise<void>;
	rename(id: string, name: string): Promise<void>;
	kill(id: string): Promise<void>;
	stop(id: string, graceSeconds: number): Promise<void>;
	/** Removes it with its volumes, running or not. */
	discard(id: string): Promise<void>;
	/** Its output from now on, both streams in one (for `demux`). */
	attach(id: string): Promise<NodeJS.ReadWriteStream>;
	demux(stream: NodeJS.ReadWriteStream, ...outputs: readonly [NodeJS.WritableStream, NodeJS.WritableStream]): void;
	/** Resolves when it has ended. */
	wait(id: string, signal: AbortSignal): Promise<void>;
	/** Its out-of-memory events between two times, as Docker's JSON. */
	memoryEvents(id: string, sinceMs: number, untilMs: number): Promise<string>;
	pull(image: string, login: Credentials | undefined, signal: AbortSignal): Promise<NodeJS.ReadableStream>;
}

export async function createEngine(socket: string): Promise<Engine> {
	// Loaded only where Envoy runs in Docker: it takes 13 MB.
	const { default: Package } = await import('dockerode');
	const docker = new Package({ socketPath: socket });
	return { socket, ...anyContainer(docker), ...oneContainer((id) => docker.getContainer(id)), ...streams(docker) };
}

const call = <T>(act: (abortSignal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> =>
	within(PATIENCE_MS, act, outer);

const anyContainer = (docker: Docker): Pick<Engine, 'ping' | 'describe' | 'inspectImage' | 'list' | 'create'> => ({
	ping: async () => void (await call((abortSignal) => dial(docker, { path: '/_ping', method: 'GET', abortSignal }))),
	describe: async () => {
		const info = await call((abortSignal) => dial(docker, { path: '/info', method: 'GET', abortSignal }));
		const { ServerVersion: version = '', FirewallBackend } = info as DockerInfo;
		return { version, firewall: FirewallBackend?.Driver ?? '' };
	},
	inspectImage: (name, signal) =>
		call((abortSignal) => dial(docker, { path: `/images/${name}/json`, method: 'GET', abortSignal }), signal).then(
			(info) => info as Docker.ImageInspectInfo,
			unlessMissing,
		),
	list: (label, signal) =>
		call((abortSignal) => docker.listContainers({ all: true, filters: { label: [label] }, abortSignal }), signal),
	create: async (options) =>
		(await within(START_MS, (abortSignal) => docker.createContainer({ ...options, abortSignal }))).id,
});

type ContainerCall = 'inspect' | 'start' | 'rename' | 'kill' | 'stop' | 'discard' | 'attach';

const oneContainer = (of: (id: string) => Docker.Container): Pick<Engine, ContainerCall> => ({
	inspect: (id) => call((abortSignal) => of(id).inspect({ abortSignal })),
	start: (id) => within(START_MS, (abortSignal) => of(id).start({ abortSignal })),
	rename: (id, name) => call((abortSignal) => tolerateSettled(of(id).rename({ name, abortSignal }))),
	kill: (id) => call((abortSignal) => tolerateSettled(of(id).kill({ abortSignal }))),
	stop: (id, t) => within(t * 1_000 + PATIENCE_MS, (abortSignal) => tolerateSettled(of(id).stop({ t, abortSignal }))),
	discard: (id) =>
		within(START_MS, (abortSignal) => tolerateSettled(of(id).remove({ force: true, v: true, abortSignal }))),
	attach: (id) =>
		call((abortSignal) => of(id).attach({ stream: true, stdout: true, stderr: true, logs: false, abortSignal })),
});

const streams = (docker: Docker): Pick<Engine, 'demux' | 'wait' | 'memoryEvents' | 'pull'> => ({
	demux: (stream, ...outputs) => docker.modem.demuxStream(stream, ...outputs),
	wait: (id, signal) => wait(docker, id, signal),
	memoryEvents: (id, sinceMs, untilMs) =>
		call((abortSignal) => memoryEvents(docker, id, { sinceMs, untilMs, abortSignal })),
	pull: (image, login, abortSignal) =>
		docker.pull(image, { ...(login === undefined ? {} : { authconfig: login }), abortSignal }),
});

/** Of its answer, what its package's types lack too. */
interface DockerInfo {
	readonly ServerVersion?: string;
	readonly FirewallBackend?: { readonly Driver?: string };
}

function unlessMissing(error: unknown): undefined {
	if (statusOf(error) !== 404) throw error;
}

/** No such container (404), not running (304, 409): the outcome is the wanted one. */
async function tolerateSettled(call: Promise<unknown>): Promise<void> {
	try {
		await call;
	} catch (error) {
		if (![304, 404, 409].includes(statusOf(error) ?? 0)) throw error;
	}
}

interface EngineRequest {
	readonly path: string;
	readonly method: string;
	readonly isStream?: boolean;
	readonly abortSignal: AbortSignal;
}

/** For calls for which dockerode takes no abort signal. */
const dial = ({ modem }: Docker, options: EngineRequest): Promise<unknown> =>
	new Promise((resolve, reject) => {
		const statusCodes = { 200: true, 400: 'bad parameter', 404: 'not found', 500: 'server error' };
		modem.dial({ statusCodes, ...options }, (error: unknown, answer: unknown) =>
			error ? reject(error) : resolve(answer),
		);
	});

/** As a stream: dockerode takes an answer that is cut off, as Docker ends, for an empty one. */
async function wait(docker: Docker, id: string, abortSignal: AbortSignal): Promise<void> {
	const stream = await dial(docker, { path: `/containers/${id}/wait`, method: 'POST', isStream: true, abortSignal });
	if (!(await text(stream as NodeJS.ReadableStream)).includes('StatusCode')) throw new Error('it ended');
}

async function memoryEvents(
	docker: Docker,
	id: string,
	{ sinceMs, untilMs, abortSignal }: { sinceMs: number; untilMs: number; abortSignal: AbortSignal },
): Promise<string> {
	const filters = { container: [id], event: ['oom'] };
	const seconds = (ms: number) => (ms / 1_000).toFixed(3);
	// Strings with fractions, which Docker accepts and dockerode's types do not.
	const times = { since: seconds(sinceMs), until: seconds(untilMs) };
	return text(await docker.getEvents({ ...times, filters, abortSignal } as object));
}

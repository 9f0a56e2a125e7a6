import { constants } from 'node:os';
import { type Duplex, PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Exit, OnOutput, ProxyIdentity, RunningProxy } from '../../ports-proxy.ts';
import { readLines } from '../lines.ts';
import { awayText, dockerFailure, isAway, statusOf, wordsOf } from './failure.ts';

/** What every container of ours has in common, and what is found out about Docker on the way. */
export interface Yard {
	readonly docker: Docker;
	readonly socket: string;
	readonly name: string;
	/** Those that run and are ours to look after, by id. */
	readonly tended: Set<string>;
	/** Why Docker does not answer; '' while it does. */
	trouble: string;
	readonly closing: AbortController;
}

export interface Found extends ProxyIdentity {
	readonly image: string;
	readonly startedAt: string;
}

const POLL_MS = 500;

/** A container that runs, looked after until it has ended. Docker may come and go meanwhile. */
export function tend(yard: Yard, container: Docker.Container, found: Found, onOutput: OnOutput): RunningProxy {
	yard.tended.add(container.id);
	const exited = exitOf(yard, container, onOutput).finally(() => yard.tended.delete(container.id));
	return {
		...found,
		id: container.id.slice(0, 12),
		exited,
		stop: (graceMs) => stop(yard, container, exited, graceMs),
		promote: () => promote(yard, container),
	};
}

/** Its output, as it comes; what its log driver keeps is no matter. */
export async function listen({ closing }: Yard, container: Docker.Container, onOutput: OnOutput): Promise<void> {
	const stream = await container.attach({ stream: true, stdout: true, stderr: true, logs: false });
	// It would keep us from ending.
	const destroy = () => void (stream as Duplex).destroy();
	closing.signal.addEventListener('abort', destroy, { once: true });
	stream.once('close', () => closing.signal.removeEventListener('abort', destroy));
	for (const output of demuxed(container, stream)) void readLines(output, onOutput);
}

function demuxed({ modem }: Docker.Container, stream: NodeJS.ReadWriteStream): readonly PassThrough[] {
	const outputs = [new PassThrough(), new PassThrough()] as const;
	modem.demuxStream(stream, ...outputs);
	const end = () => {
		for (const output of outputs) output.end();
	};
	stream.on('end', end).on('close', end).on('error', end);
	return outputs;
}

async function exitOf(yard: Yard, container: Docker.Container, onOutput: OnOutput): Promise<Exit> {
	for (;;) {
		const exit = await waitFor(yard, container, yard.closing.signal).catch((error) => away(yard, error));
		if (yard.closing.signal.aborted) return new Promise(() => undefined);
		if (exit !== undefined) {
			// What it said is in our log; a start by hand of what is left would be one Envoy too many.
			await discard(container).catch(() => undefined);
			return exit;
		}
		await sleep(POLL_MS, undefined, { ref: false });
		await back(yard, container, onOutput);
	}
}

/** As a stream: the package takes an answer that is cut off in the middle, where Docker ends, for none at all. */
async function waitFor({ docker }: Yard, { modem, id }: Docker.Container, abortSignal: AbortSignal): Promise<Exit> {
	const options = {
		...{ path: `/containers/${id}/wait`, method: 'POST', isStream: true, abortSignal },
		statusCodes: { 200: true, 400: 'bad parameter', 404: 'no such container', 500: 'server error' },
	};
	const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
		modem.dial(options, (error: unknown, answer: NodeJS.ReadableStream) => (error ? reject(error) : resolve(answer)));
	});
	const answer = await text(stream);
	if (!answer.includes('StatusCode')) throw new Error('it ended');
	return exitNow(docker, id);
}

const REMOVED: Exit = { code: undefined, signal: undefined, isRemoved: true };

/** A container that somebody has removed has ended; of one whose Docker is away nothing is known. */
function away(yard: Yard, error: unknown): Exit | undefined {
	if (statusOf(error) === 404) return REMOVED;
	yard.trouble = isAway(error) ? awayText(yard.socket, error) : wordsOf(error);
	return undefined;
}

/** Docker may be there again: then its containers are heard again. */
async function back(yard: Yard, container: Docker.Container, onOutput: OnOutput): Promise<void> {
	const { State } = await container.inspect().catch((error: unknown) => {
		// Says more than that an answer was cut off.
		if (isAway(error)) yard.trouble = awayText(yard.socket, error);
		return { State: undefined };
	});
	if (State === undefined) return;
	yard.trouble = '';
	if (State.Running) await listen(yard, container, onOutput).catch(() => undefined);
}

/** Docker marks what is to be removed before it kills it. */
async function exitNow(docker: Docker, id: string): Promise<Exit> {
	const { State, HostConfig } = await docker.getContainer(id).inspect();
	if (State.Status === 'removing') return REMOVED;
	if (State.Running) return { code: undefined, signal: undefined, isRestarted: true };
	const signal = signalOf(State.ExitCode);
	const mayBeMemory = signal === 'SIGKILL' && (HostConfig.Memory ?? 0) > 0;
	const isOutOfMemory = State.OOMKilled || (mayBeMemory && (await isToldOfMemory(docker, id, State.StartedAt)));
	return { code: signal === undefined ? State.ExitCode : undefined, signal, isOutOfMemory };
}

const MEMORY_EVENT_LATE_MS = 200;

/** Docker may hear of the end before it hears what the kernel did it for; then only its events tell. */
async function isToldOfMemory(docker: Docker, id: string, startedAt: string): Promise<boolean> {
	await sleep(MEMORY_EVENT_LATE_MS);
	const filters = { container: [id], event: ['oom'] };
	const seconds = (ms: number) => (ms / 1_000).toFixed(3);
	const times = { since: seconds(Date.parse(startedAt)), until: seconds(Date.now()) };
	// As strings, which Docker takes and the package's types do not know of.
	const events = await docker.getEvents({ ...times, filters } as object);
	return (await text(events)).includes('oom');
}

/** As a shell tells of it: 128 and the signal's number. */
function signalOf(code: number): string | undefined {
	return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

const STOP_LIMIT_MS = 20_000;
const KILLED: Exit = { code: undefined, signal: 'SIGKILL' };

/** Removing is what ends it for good: nothing of it is left to be started by hand. */
async function stop(yard: Yard, { id }: Docker.Container, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	const container = yard.docker.getContainer(id);
	const limit = AbortSignal.timeout(graceMs + STOP_LIMIT_MS);
	try {
		if (graceMs > 0) await tolerating(() => container.stop({ t: Math.ceil(graceMs / 1_000), abortSignal: limit }));
		// What it ended with is read before it is gone.
		else await tolerating(() => container.kill({ abortSignal: limit }));
		const exit = await Promise.race([exited, sleep(POLL_MS, undefined)]);
		await discard(container, limit);
		return exit ?? (await Promise.race([exited, sleep(POLL_MS, KILLED)]));
	} catch (error) {
		throw dockerFailure('stop Envoy', yard.socket, error);
	}
}

/** Whether it runs or not, with what it has written. */
export const discard = (container: Docker.Container, abortSignal?: AbortSignal): Promise<void> =>
	tolerating(() => container.remove({ force: true, v: true, ...(abortSignal === undefined ? {} : { abortSignal }) }));

/** Not there (404), not running (304, 409): then it is as it should be. */
export async function tolerating(act: () => Promise<unknown>): Promise<void> {
	try {
		await act();
	} catch (error) {
		if (![304, 404, 409].includes(statusOf(error) ?? 0)) throw error;
	}
}

async function promote({ docker, name }: Yard, { id }: Docker.Container): Promise<void> {
	const container = docker.getContainer(id);
	const { Name } = await container.inspect();
	if (Name !== `/${name}`) await tolerating(() => container.rename({ name }));
}

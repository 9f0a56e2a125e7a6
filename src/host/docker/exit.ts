import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, OnOutput } from '../../envoy/runtime.ts';
import { type DockerContext, troubleOf } from './docker-context.ts';
import { isAway, statusOf } from './docker-errors.ts';
import type { Engine } from './engine.ts';
import { streamOutput } from './output.ts';

const POLL_MS = 500;
/** How often Docker is asked while nothing happens: a wait for an end says nothing of whether anybody is there to tell it. */
const LOOK_MS = 5_000;

/** How it ended, once it has. */
export async function exitOf(yard: DockerContext, id: string, onOutput: OnOutput): Promise<Exit> {
	for (;;) {
		const exit = await untilEnded(yard, id).catch((error) => onUnavailable(yard, error));
		if (yard.closing.signal.aborted) return new Promise(() => undefined);
		if (exit !== undefined) {
			// What it said is in our log; a start by hand of what is left would be one Envoy too many.
			await yard.engine.discard(id).catch(() => undefined);
			return exit;
		}
		await sleep(POLL_MS, undefined, { ref: false });
		await reconnect(yard, id, onOutput);
	}
}

/** Docker tells of the end; or it is found out by looking, where Docker has forgotten to tell. */
async function untilEnded(yard: DockerContext, id: string): Promise<Exit> {
	const { engine, closing } = yard;
	const over = new AbortController();
	const signal = AbortSignal.any([closing.signal, over.signal]);
	try {
		await Promise.race([engine.wait(id, signal), untilFoundEnded(yard, id, signal)]);
		return await exitNow(engine, id);
	} finally {
		over.abort();
	}
}

async function untilFoundEnded(yard: DockerContext, id: string, signal: AbortSignal): Promise<void> {
	for (;;) {
		await sleep(LOOK_MS, undefined, { ref: false, signal });
		const isRunning = await yard.engine.inspect(id).then(
			({ State }) => State.Running,
			(error) => {
				if (statusOf(error) === 404) throw error;
				if (!signal.aborted) yard.problem = troubleOf(yard, error);
				return undefined;
			},
		);
		if (isRunning === false) return;
		if (isRunning && !signal.aborted) yard.problem = '';
	}
}

const REMOVED: Exit = { code: undefined, signal: undefined, isRemoved: true };

/** A container that somebody has removed has ended; of one whose Docker is away nothing is known. */
function onUnavailable(yard: DockerContext, error: unknown): Exit | undefined {
	if (statusOf(error) === 404) return REMOVED;
	yard.problem = troubleOf(yard, error);
	return undefined;
}

/** Docker may be there again: then its containers are heard again. */
async function reconnect(yard: DockerContext, id: string, onOutput: OnOutput): Promise<void> {
	const { State } = await yard.engine.inspect(id).catch((error: unknown) => {
		// Says more than that an answer was cut off.
		if (isAway(error)) yard.problem = troubleOf(yard, error);
		return { State: undefined };
	});
	if (State === undefined) return;
	yard.problem = '';
	if (State.Running) await streamOutput(yard, id, onOutput).catch(() => undefined);
}

/** Docker marks what is to be removed before it kills it. */
async function exitNow(engine: Engine, id: string): Promise<Exit> {
	const { State, HostConfig } = await engine.inspect(id);
	if (State.Status === 'removing') return REMOVED;
	if (State.Running) return { code: undefined, signal: undefined, isRestarted: true };
	const signal = signalOf(State.ExitCode);
	const mayBeMemory = signal === 'SIGKILL' && (HostConfig.Memory ?? 0) > 0;
	const isOutOfMemory = State.OOMKilled || (mayBeMemory && (await isToldOfMemory(engine, id, State.StartedAt)));
	return { code: signal === undefined ? State.ExitCode : undefined, signal, isOutOfMemory };
}

const MEMORY_EVENT_LATE_MS = 200;

/** Docker may hear of the end before it hears what the kernel did it for; then only its events tell. */
async function isToldOfMemory(engine: Engine, id: string, startedAt: string): Promise<boolean> {
	await sleep(MEMORY_EVENT_LATE_MS);
	return (await engine.memoryEvents(id, Date.parse(startedAt), Date.now())).includes('oom');
}

/** As a shell tells of it: 128 and the signal's number. */
function signalOf(code: number): string | undefined {
	return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

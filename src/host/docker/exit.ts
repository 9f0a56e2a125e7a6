import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, OnOutput } from '../../envoy/runtime.ts';
import { type DockerContext, problemOf } from './docker-context.ts';
import { isUnavailable, statusOf } from './docker-errors.ts';
import type { Engine } from './engine.ts';
import { streamOutput } from './output.ts';

const POLL_MS = 500;
/** How often Docker is asked while it waits for an end: a pending wait does not show whether Docker still answers. */
const INSPECT_MS = 5_000;

/** Resolves to how the container ended; never once the runtime is closing. */
export async function exitOf(context: DockerContext, id: string, onOutput: OnOutput): Promise<Exit> {
	for (;;) {
		const exit = await untilEnded(context, id).catch((error) => onUnavailable(context, error));
		if (context.closing.signal.aborted) return new Promise(() => undefined);
		if (exit !== undefined) {
			// Its output is in our log already; and nobody is to start it by hand.
			await context.engine.discard(id).catch(() => undefined);
			return exit;
		}
		await sleep(POLL_MS, undefined, { ref: false });
		await reconnect(context, id, onOutput);
	}
}

/** Waits for Docker to report the end, and polls too, as Docker may lose that report. */
async function untilEnded(context: DockerContext, id: string): Promise<Exit> {
	const { engine, closing } = context;
	const over = new AbortController();
	const signal = AbortSignal.any([closing.signal, over.signal]);
	try {
		await Promise.race([engine.wait(id, signal), untilFoundEnded(context, id, signal)]);
		return await exitNow(engine, id);
	} finally {
		over.abort();
	}
}

async function untilFoundEnded(context: DockerContext, id: string, signal: AbortSignal): Promise<void> {
	for (;;) {
		await sleep(INSPECT_MS, undefined, { ref: false, signal });
		const isRunning = await context.engine.inspect(id).then(
			({ State }) => State.Running,
			(error) => {
				if (statusOf(error) === 404) throw error;
				if (!signal.aborted) context.problem = problemOf(context, error);
				return undefined;
			},
		);
		if (isRunning === false) return;
		if (isRunning && !signal.aborted) context.problem = '';
	}
}

const REMOVED: Exit = { code: undefined, signal: undefined, isRemoved: true };

/** A removed container has ended; while Docker is unavailable nothing is known. */
function onUnavailable(context: DockerContext, error: unknown): Exit | undefined {
	if (statusOf(error) === 404) return REMOVED;
	context.problem = problemOf(context, error);
	return undefined;
}

/** Attaches to the output again once Docker answers again. */
async function reconnect(context: DockerContext, id: string, onOutput: OnOutput): Promise<void> {
	const { State } = await context.engine.inspect(id).catch((error: unknown) => {
		// A better reason than that the former answer was cut off.
		if (isUnavailable(error)) context.problem = problemOf(context, error);
		return { State: undefined };
	});
	if (State === undefined) return;
	context.problem = '';
	if (State.Running) await streamOutput(context, id, onOutput).catch(() => undefined);
}

/** The exit from Docker's state. Docker marks a container as `removing` before it kills it. */
async function exitNow(engine: Engine, id: string): Promise<Exit> {
	const { State, HostConfig } = await engine.inspect(id);
	if (State.Status === 'removing') return REMOVED;
	if (State.Running) return { code: undefined, signal: undefined, isRestarted: true };
	const signal = signalOf(State.ExitCode);
	const mayBeMemory = signal === 'SIGKILL' && (HostConfig.Memory ?? 0) > 0;
	const isOutOfMemory = State.OOMKilled || (mayBeMemory && (await hasMemoryEvent(engine, id, State.StartedAt)));
	return { code: signal === undefined ? State.ExitCode : undefined, signal, isOutOfMemory };
}

const MEMORY_EVENT_LATE_MS = 200;

/** Docker may learn of the end before it learns of its cause; then only its events have that. */
async function hasMemoryEvent(engine: Engine, id: string, startedAt: string): Promise<boolean> {
	await sleep(MEMORY_EVENT_LATE_MS);
	return (await engine.memoryEvents(id, Date.parse(startedAt), Date.now())).includes('oom');
}

/** From a shell's exit code: 128 plus the signal's number. */
function signalOf(code: number): string | undefined {
	return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

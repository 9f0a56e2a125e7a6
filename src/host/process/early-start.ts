import { closeSync } from 'node:fs';
import { type Native, type Running, startNatively, untilEnd } from './native-run.ts';
import { type Finished, MAX_OUTPUT_BYTES, type Run } from './runner.ts';
import { openUnnamedFile } from './stdin-file.ts';

/**
 * A program that reads its input to the end before it acts. It may be started before there is any, and has loaded its
 * libraries by then, which is most of what nft(8) takes for a small change.
 */
export interface EarlyCommand {
	/** Its input follows at once. */
	readonly start: () => void;
	/** It does not. */
	readonly stop: () => void;
	readonly run: (input: string, signal: AbortSignal) => Promise<Finished>;
}

/** Without the native part it is started when there is input. `patienceMs`: so long it waits for that. */
export function createEarlyStarter(load: () => Native | undefined, run: Run, patienceMs = 1_000) {
	return (program: string, args: readonly string[]): EarlyCommand => {
		let waiting: (Waiting & { readonly timer: NodeJS.Timeout }) | undefined;
		const take = () => {
			const taken = waiting;
			waiting = undefined;
			clearTimeout(taken?.timer);
			return taken;
		};
		return {
			start() {
				const native = waiting === undefined ? load() : undefined;
				const started = native === undefined ? undefined : startWaiting(native, [program, ...args]);
				if (started !== undefined)
					waiting = { ...started, timer: setTimeout(() => take()?.kill(), patienceMs).unref() };
			},
			stop: () => take()?.kill(),
			async run(input, signal) {
				const started = take();
				if (signal.aborted) started?.kill();
				signal.throwIfAborted();
				return started?.run(input, signal) ?? run(program, args, { input }, signal);
			},
		};
	};
}

interface Waiting {
	/** Undefined where it has ended meanwhile, or takes less at once: it has acted on nothing then. */
	readonly run: (input: string, end: AbortSignal) => Promise<Finished> | undefined;
	readonly kill: () => void;
}

/** What an unprivileged process may ask for: /proc/sys/fs/pipe-max-size, pipe(7). */
const PIPE_BYTES = 1_048_576;

/** Undefined where there is no room for it. */
function startWaiting(native: Native, argv: readonly string[]): Waiting | undefined {
	const pipe = native.pipe(PIPE_BYTES);
	if (pipe === undefined) return undefined;
	const [itsEnd, ourEnd] = pipe;
	const running = startNatively(native, argv, undefined, itsEnd, MAX_OUTPUT_BYTES);
	closeSync(itsEnd);
	if (running !== undefined) return waitingFor(native, running, ourEnd);
	closeSync(ourEnd);
	return undefined;
}

function waitingFor(native: Native, running: Running, pipe: number): Waiting {
	// Nobody may ever have input for it.
	running.finished.catch(() => undefined);
	const kill = () => {
		// Before its input ends: it would act on what it has of that.
		running.kill();
		closeSync(pipe);
	};
	return {
		kill,
		run(input, end) {
			if (!isFilled(native, pipe, input)) {
				kill();
				return undefined;
			}
			closeSync(pipe);
			return untilEnd(running, end);
		},
	};
}

/**
 * From a file in memory, as splice(2) moves the pages that are there: write(2) takes new ones, and would be left half done
 * where the kernel ends this process for want of memory. The program would act on that half.
 */
function isFilled(native: Native, pipe: number, input: string): boolean {
	const length = Buffer.byteLength(input);
	const file = length <= PIPE_BYTES ? openUnnamedFile(input) : undefined;
	if (file === undefined) return false;
	const moved = native.splice(file, pipe, length);
	closeSync(file);
	return moved === length;
}

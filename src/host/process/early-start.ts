import { closeSync, writeSync } from 'node:fs';
import { type Native, type Running, startNatively, untilEnd } from './native-run.ts';
import { type Finished, MAX_OUTPUT_BYTES, type Run } from './runner.ts';

/**
 * A program that reads its input to the end before it acts. It may be started before there is any, and has loaded its
 * libraries by then, which is most of what nft(8) takes for a small change.
 */
export interface EarlyCommand {
	/** Its input follows at once. */
	readonly start: () => void;
	readonly run: (input: string, signal: AbortSignal) => Promise<Finished>;
}

/** So long it waits for its input. */
const PATIENCE_MS = 1_000;

/** Without the native part it is started when there is input. */
export function createEarlyStarter(load: () => Native | undefined, run: Run) {
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
					waiting = { ...started, timer: setTimeout(() => take()?.kill(), PATIENCE_MS).unref() };
			},
			async run(input, signal) {
				signal.throwIfAborted();
				return take()?.run(input, signal) ?? run(program, args, { input }, signal);
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
	if (running !== undefined) return waitingFor(running, ourEnd);
	closeSync(ourEnd);
	return undefined;
}

function waitingFor(running: Running, pipe: number): Waiting {
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
			if (!isWritten(pipe, Buffer.from(input))) {
				kill();
				return undefined;
			}
			closeSync(pipe);
			return untilEnd(running, end);
		},
	};
}

function isWritten(pipe: number, bytes: Buffer): boolean {
	try {
		return bytes.length <= PIPE_BYTES && writeSync(pipe, bytes) === bytes.length;
	} catch {
		return false;
	}
}

/** `Finished.code` of a program that a signal has ended. */
export const ENDED_BY_SIGNAL = -1;

export interface Finished {
	/** The exit code; `ENDED_BY_SIGNAL` where a signal ended it. */
	readonly code: number;
	readonly signal: NodeJS.Signals | undefined;
	readonly stdout: string;
	readonly stderr: string;
}

export interface RunOptions {
	/** Text for standard input, of any length; empty unless given. */
	readonly input?: string;
	readonly timeoutMs?: number;
	/** Of standard output and of standard error, each. */
	readonly maxOutputBytes?: number;
	/** The whole environment; this process's own unless given. */
	readonly env?: Readonly<Record<string, string>>;
	/** Runs as this user, in `/`; needs CAP_SETUID and CAP_SETGID. */
	readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * Runs a program with a list of arguments, never through a shell, in a session of its own: what a terminal sends on
 * Ctrl-C or when it closes is for us to answer. Resolves however the program ends. What it leaves running in the
 * background lives on and is not waited for, even if it keeps the output open.
 *
 * Rejects, after SIGKILL to the program's whole process group, with the signal's reason once that is aborted, with a
 * `TimeoutError` after `timeoutMs`, with a RangeError on more than `maxOutputBytes`. Rejects with Node's error (`code`
 * ENOENT, EACCES, EPERM …) where the program cannot be started.
 */
export type Run = (
	program: string,
	args: readonly string[],
	options: RunOptions,
	signal: AbortSignal,
) => Promise<Finished>;

/** Far more than the largest rule set prints; it keeps a program that has gone mad from taking all memory. */
export const MAX_OUTPUT_BYTES = 100_000_000;

export const endOf = (signal: AbortSignal, timeoutMs: number | undefined): AbortSignal =>
	timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);

export const hasTimedOut = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

export const tooMuchOutput = (program: string, maxBytes: number): RangeError =>
	new RangeError(`${program} has written more than ${maxBytes} bytes`);

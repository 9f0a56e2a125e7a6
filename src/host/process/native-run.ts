import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { ENDED_BY_SIGNAL, type Finished, MAX_OUTPUT_BYTES, type RunOptions, tooMuchOutput } from './runner.ts';
import { openUnnamedFile } from './stdin-file.ts';

/** native/run-program.c: programs without fork(2), which takes Node some 3 ms, with everything else held up meanwhile. */
export interface Native {
	/** `input`: a descriptor, or -1. What `kill` takes; undefined where there is no room for it. */
	readonly run: (
		argv: readonly string[],
		environment: readonly string[] | undefined,
		input: number,
		maxOutputBytes: number,
		done: Done,
	) => object | undefined;
	/** SIGKILL to the program's whole group. */
	readonly kill: (handle: object) => void;
	/** A pipe's reading and its writing end, which takes so many bytes without waiting; undefined where there is none. */
	readonly pipe: (bytes: number) => readonly [number, number] | undefined;
	/** From the beginning of a file into a pipe, without waiting. How many bytes; -1 where it could not. */
	readonly splice: (file: number, pipe: number, bytes: number) => number;
}

/** `failure`: the errno with which it could not be started; `signal`: 0 where it has ended by itself. */
type Done = (failure: number, code: number, signal: number, isTooMuch: boolean, stdout: string, stderr: string) => void;

/** `path`: of the compiled native/run-program.c, which is loaded with the first program. */
export function createNativeLoader(path: string): () => Native | undefined {
	let native: { readonly loaded: Native | undefined } | undefined;
	return () => {
		native ??= { loaded: loadNative(path) };
		return native.loaded;
	};
}

/** Undefined where the file is not there, and where the kernel, or what confines this process, does not let it watch another. */
function loadNative(path: string): Native | undefined {
	const module: { readonly exports: Partial<Native> } = { exports: {} };
	try {
		process.dlopen(module, path);
	} catch {
		return undefined;
	}
	const { run, kill, pipe, splice } = module.exports;
	if (run === undefined || kill === undefined || pipe === undefined || splice === undefined) return undefined;
	return { run, kill, pipe, splice };
}

/** Undefined where Node has to do it: as another user, and by the PATH of another environment. */
export function runNatively(
	native: Native,
	program: string,
	args: readonly string[],
	{ input = '', env, user, maxOutputBytes = MAX_OUTPUT_BYTES }: RunOptions,
	end: AbortSignal,
): Promise<Finished> | undefined {
	const argv = [program, ...args];
	const environment = env === undefined ? undefined : Object.entries(env).map(([name, value]) => `${name}=${value}`);
	const isByPath = env !== undefined && !program.includes('/');
	// No argument can hold it: Node says so.
	const hasNul = [...argv, ...(environment ?? [])].some((word) => word.includes('\0'));
	if (user !== undefined || isByPath || hasNul) return undefined;
	const file = input === '' ? -1 : openUnnamedFile(input);
	if (file === undefined) return undefined;
	const running = startNatively(native, argv, environment, file, maxOutputBytes);
	if (file >= 0) closeSync(file);
	return running === undefined ? undefined : untilEnd(running, end);
}

/** A program that runs. */
export interface Running {
	readonly finished: Promise<Finished>;
	readonly kill: () => void;
}

/** `input`: a descriptor, which its caller closes, or -1. */
export function startNatively(
	native: Native,
	argv: readonly string[],
	environment: readonly string[] | undefined,
	input: number,
	maxOutputBytes: number,
): Running | undefined {
	const { promise, resolve, reject } = Promise.withResolvers<Finished>();
	const [program = ''] = argv;
	const handle = native.run(argv, environment, input, maxOutputBytes, (failure, code, signal, isTooMuch, ...texts) => {
		const [stdout, stderr] = texts;
		if (failure !== 0) reject(startFailure(program, failure));
		else if (isTooMuch) reject(tooMuchOutput(program, maxOutputBytes));
		else resolve({ code: signal === 0 ? code : ENDED_BY_SIGNAL, signal: signalName(signal), stdout, stderr });
	});
	return handle === undefined ? undefined : { finished: promise, kill: () => native.kill(handle) };
}

/** Once `end` is aborted it is killed, and its end is not waited for. */
export function untilEnd({ finished, kill }: Running, end: AbortSignal): Promise<Finished> {
	const { promise, resolve, reject } = Promise.withResolvers<Finished>();
	const onAbort = () => {
		kill();
		reject(end.reason);
	};
	end.addEventListener('abort', onAbort, { once: true });
	finished.then(resolve, reject).finally(() => end.removeEventListener('abort', onAbort));
	return promise;
}

/** As Node's own. */
function startFailure(program: string, failure: number): NodeJS.ErrnoException {
	const code = getSystemErrorName(-failure);
	const syscall = `spawn ${program}`;
	return Object.assign(new Error(`${syscall} ${code}`), { code, errno: -failure, syscall, path: program });
}

const signalName = (signal: number): NodeJS.Signals | undefined =>
	(Object.keys(constants.signals) as readonly NodeJS.Signals[]).find((name) => constants.signals[name] === signal);

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
}

/** `failure`: the errno with which it could not be started; `signal`: 0 where it has ended by itself. */
type Done = (failure: number, code: number, signal: number, isTooMuch: boolean, stdout: string, stderr: string) => void;

/** Undefined where the file is not there, and where the kernel, or what confines this process, does not let it watch another. */
export function loadNative(path: string): Native | undefined {
	const module: { readonly exports: Partial<Native> } = { exports: {} };
	try {
		process.dlopen(module, path);
	} catch {
		return undefined;
	}
	const { run, kill } = module.exports;
	return run === undefined || kill === undefined ? undefined : { run, kill };
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
	const { promise, resolve, reject } = Promise.withResolvers<Finished>();
	const onAbort = () => {
		if (handle !== undefined) native.kill(handle);
		reject(end.reason);
	};
	const handle = native.run(argv, environment, file, maxOutputBytes, (failure, code, signal, isTooMuch, ...texts) => {
		end.removeEventListener('abort', onAbort);
		const [stdout, stderr] = texts;
		if (failure !== 0) reject(startFailure(program, failure));
		else if (isTooMuch) reject(tooMuchOutput(program, maxOutputBytes));
		else resolve({ code: signal === 0 ? code : ENDED_BY_SIGNAL, signal: signalName(signal), stdout, stderr });
	});
	if (file >= 0) closeSync(file);
	if (handle === undefined) return undefined;
	end.addEventListener('abort', onAbort, { once: true });
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

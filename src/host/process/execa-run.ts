import { execa } from 'execa';
import { dropKeptPipes } from './kept-pipes.ts';
import { ENDED_BY_SIGNAL, endOf, MAX_OUTPUT_BYTES, type Run, type RunOptions, tooMuchOutput } from './runner.ts';

/** The implementation by execa, for where a start is not counted in milliseconds: loading it takes 60 ms and 10 MB. */
export const runWithExeca: Run = async (program, args, options, signal) => {
	const end = endOf(signal, options.timeoutMs);
	end.throwIfAborted();
	const maxBuffer = options.maxOutputBytes ?? MAX_OUTPUT_BYTES;
	const child = execa(program, args, { ...whole, ...placeOf(options), maxBuffer, cancelSignal: end });
	dropKeptPipes(child.nodeChildProcess);
	const { exitCode, signal: by, stdout, stderr, isCanceled, isMaxBuffer, cause } = await child;
	if (isCanceled) throw end.reason;
	if (isMaxBuffer) throw tooMuchOutput(program, maxBuffer);
	if (exitCode === undefined && by === undefined) throw cause;
	return { code: exitCode ?? ENDED_BY_SIGNAL, signal: by, stdout: textOf(stdout), stderr: textOf(stderr) };
};

/** In a group of its own, which ends as a whole; in bytes, so that limits mean bytes; it may outlive us. */
const whole = {
	killDescendants: true,
	killSignal: 'SIGKILL',
	forceKillAfterDelay: false,
	cleanup: false,
	encoding: 'buffer',
	stripFinalNewline: false,
	reject: false,
} as const;

const placeOf = ({ input = '', env, user }: RunOptions) => ({
	input,
	...(env === undefined ? {} : { env, extendEnv: false }),
	...(user === undefined ? {} : { ...user, cwd: '/' }),
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

import { join } from 'node:path';
import { loadNative, type Native, runNatively } from './native-run.ts';
import { endOf, type Finished, type Run } from './runner.ts';

/**
 * `nativePath`: of the compiled native/run-program.c, loaded with the first program; without it Node does all of it, whose
 * part for that takes milliseconds to load.
 */
export function createLightRun(nativePath: string): Run {
	let native: { readonly loaded: Native | undefined } | undefined;
	return async (program, args, options, signal) => {
		const end = endOf(signal, options.timeoutMs);
		end.throwIfAborted();
		native ??= { loaded: loadNative(nativePath) };
		const { loaded } = native;
		const running = loaded === undefined ? undefined : runNatively(loaded, program, args, options, end);
		return running ?? (await import('./spawned-run.ts')).runSpawned(program, args, options, end);
	};
}

/** The light implementation, for where a start is counted in milliseconds: commands and firewall programs. */
export const runLight: Run = createLightRun(join(import.meta.dirname, 'run-program.node'));

/** The same, for programs that read a document and print another. */
export const runCommand = (
	program: string,
	args: readonly string[],
	input: string,
	signal: AbortSignal,
): Promise<Finished> => runLight(program, args, { input }, signal);

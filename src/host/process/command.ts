import { join } from 'node:path';
import { createEarlyStarter } from './early-start.ts';
import { createNativeLoader, type Native, runNatively } from './native-run.ts';
import { endOf, type Finished, type Run } from './runner.ts';

/** Without the native part Node does all of it, whose part for that takes milliseconds to load. */
export const createLightRun =
	(load: () => Native | undefined): Run =>
	async (program, args, options, signal) => {
		const end = endOf(signal, options.timeoutMs);
		end.throwIfAborted();
		const native = load();
		const running = native === undefined ? undefined : runNatively(native, program, args, options, end);
		return running ?? (await import('./spawned-run.ts')).runSpawned(program, args, options, end);
	};

const load = createNativeLoader(join(import.meta.dirname, 'run-program.node'));

/** The light implementation, for where a start is counted in milliseconds: commands and firewall programs. */
export const runLight: Run = createLightRun(load);

/** The same, for programs that read a document and print another. */
export const runCommand = (
	program: string,
	args: readonly string[],
	input: string,
	signal: AbortSignal,
): Promise<Finished> => runLight(program, args, { input }, signal);

/** The same, for one that may be started before its input is ready. */
export const createEarlyCommand = createEarlyStarter(load, runLight);

import { usage } from '../../cli/arguments.ts';

/** The value of an option, or a Failure that names it. */
export function understood<T>(option: string, parse: () => T): T {
	try {
		return parse();
	} catch (cause) {
		throw usage(`--${option}: ${cause instanceof Error ? cause.message : String(cause)}`);
	}
}

import { fewAtATime } from '../../lib/few-at-a-time.ts';
import { runLight } from './command.ts';
import { findProgram } from './find-program.ts';

/** The addresses of a name, as programs of this host find them; undefined: it was not told in time. */
export type Addresses = readonly string[] | undefined;

const AT_A_TIME = 16;
/** What getent(1) says of a name that nothing knows. */
const UNKNOWN = 2;

/** By getent(1), as a look-up within this process could neither be ended nor left behind: it would hold up its end. */
export async function lookUpNames(
	names: readonly string[],
	limitMs: number,
	signal: AbortSignal,
): Promise<ReadonlyMap<string, Addresses>> {
	const program = findProgram('getent');
	const end = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
	const lookUp = async (name: string): Promise<readonly [string, Addresses]> => [
		name,
		program === undefined || !isName(name) ? undefined : await addressesOf(program, name, end),
	];
	return new Map(await fewAtATime([...new Set(names)], AT_A_TIME, lookUp));
}

/** Others would be options. */
const isName = (text: string): boolean => /^[\w.:][\w.:-]*$/.test(text);

async function addressesOf(program: string, name: string, end: AbortSignal): Promise<Addresses> {
	try {
		const { code, stdout } = await runLight(program, ['ahosts', name], {}, end);
		if (code === UNKNOWN) return [];
		const addresses = stdout.split('\n').flatMap((line) => /^([0-9A-Fa-f.:]+)(?:%\S+)?\s/.exec(line)?.[1] ?? []);
		return code === 0 ? [...new Set(addresses)] : undefined;
	} catch {
		return undefined;
	}
}

import { join } from 'node:path';
import { createActor } from '../actor.ts';
import { ids } from '../cast.ts';
import { startDaemon } from '../turnout.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { nodeProgram, turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave } from './samples.ts';
import { type Command, createStopwatch, type Stopwatch } from './stopwatch.ts';

const source = join(import.meta.dirname, '../../src/main.ts');
const uncached = { NODE_DISABLE_COMPILE_CACHE: '1' };

/** What each means of starting quickly is worth: the program as it is built, and as it would be without. */
export async function benchStartup(runs: number): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const { host } = stack.use(createPlace('nft'));
	await stack.use(createActor(host, { uid: ids.proxy })).listen('envoy', [15000, 15001]);
	const stopwatch = stack.use(createStopwatch(host));
	const init = await benchMeans('init', stopwatch, ['init'], runs, () => stopwatch.time(turnoutCommand('clean')));
	const daemon = stack.use(await startDaemon(host, { env: { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' } }));
	const status = await benchMeans('status', stopwatch, ['status', '--socket', daemon.socket], runs);
	return [...init, ...status];
}

async function benchMeans(
	name: string,
	stopwatch: Stopwatch,
	args: readonly string[],
	runs: number,
	before: () => Promise<unknown> = async () => undefined,
): Promise<readonly Figure[]> {
	const built = turnoutCommand(...args);
	const take = (command: Command) => async () => {
		await before();
		return stopwatch.time(command);
	};
	const taken = await interleave(runs, {
		built: take(built),
		cacheless: take({ ...built, env: { ...built.env, ...uncached } }),
		unbundled: take({ ...built, program: nodeProgram, args: [source, ...args] }),
	});
	const beside = (reference: string, values: readonly number[]): Figure =>
		compare(`${name} as built, beside ${reference}`, taken.built, { name: reference, values });
	return [
		beside("it without V8's compile cache", taken.cacheless),
		beside('src/main.ts, types stripped as it starts', taken.unbundled),
	];
}

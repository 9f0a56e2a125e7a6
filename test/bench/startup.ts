import { createScratch } from '../lab/net/scratch.ts';
import { startDaemon } from '../lab/turnout.ts';
import { createAnswerers } from './answerers.ts';
import { type Bundles, source, writeBundles } from './bundles.ts';
import { compare, type Figure } from './figure.ts';
import { createPlace } from './places.ts';
import { nodeProgram, turnoutCommand, turnoutEnvironment } from './programs.ts';
import { interleave, type Patience } from './samples.ts';
import { type Command, createStopwatch, type Stopwatch } from './stopwatch.ts';

export type Measured = 'init' | 'status';

/** What each means of starting quickly is worth: the program with it, and without. */
export async function benchStartup(
	patience: Patience,
	measured: readonly Measured[] = ['init', 'status'],
): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createPlace('nft'));
	await stack.use(createAnswerers(lab)).ready;
	const bundles = await writeBundles(stack.use(createScratch('bundles')).path);
	const stopwatch = stack.use(createStopwatch(lab.host));
	const figures: Figure[] = [];
	if (measured.includes('init')) {
		const clean = () => stopwatch.time(turnoutCommand('clean'));
		figures.push(...(await benchMeans(variantsOf(bundles, ['init']), takeAfter(clean, stopwatch), patience)));
	}
	if (measured.includes('status')) {
		const env = { ...turnoutEnvironment, APPMESH_START_ENABLED: '1' };
		const { socket } = stack.use(await startDaemon(lab.host, { env }));
		const take = takeAfter(async () => undefined, stopwatch);
		figures.push(...(await benchMeans(variantsOf(bundles, ['status', '--socket', socket]), take, patience)));
	}
	return figures;
}

interface Variants {
	readonly name: string;
	readonly built: Command;
	readonly uncached: Command;
	readonly lazy: Command;
	readonly eager: Command;
	readonly unbundled: Command;
}

function variantsOf({ lazy, eager }: Bundles, args: readonly string[]): Variants {
	const built = turnoutCommand(...args);
	const run = (file: string): Command => ({ ...built, program: nodeProgram, args: [file, ...args] });
	return {
		name: args[0] ?? '',
		built,
		uncached: { ...built, env: { ...built.env, NODE_DISABLE_COMPILE_CACHE: '1' } },
		lazy: run(lazy),
		eager: run(eager),
		unbundled: run(source),
	};
}

type Take = (command: Command) => () => Promise<number>;

const takeAfter =
	(before: () => Promise<unknown>, stopwatch: Stopwatch): Take =>
	(command) =>
	async () => {
		await before();
		return stopwatch.time(command);
	};

async function benchMeans({ name, ...variants }: Variants, take: Take, patience: Patience): Promise<readonly Figure[]> {
	const { built, uncached, lazy, eager, unbundled } = await interleave(patience, {
		built: take(variants.built),
		uncached: take(variants.uncached),
		lazy: take(variants.lazy),
		eager: take(variants.eager),
		unbundled: take(variants.unbundled),
	});
	return [
		compare(`${name}: V8's compiled code`, built, { name: 'without it', values: uncached }),
		compare(`${name}: a bundle`, lazy, { name: 'src/main.ts, its types stripped as it starts', values: unbundled }),
		compare(`${name}: lazy imports`, lazy, { name: 'the same bundle, all loaded at once', values: eager }),
		compare(`${name}: all means together`, built, { name: 'src/main.ts', values: unbundled }),
	];
}

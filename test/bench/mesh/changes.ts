// Changes of the definitions under load, beside an Envoy by itself that reads the same resources from files.
import { setTimeout as sleep } from 'node:timers/promises';
import { compare, type Figure, type Limits } from '../figure.ts';
import type { BenchOptions } from '../options.ts';
import { quantile } from '../samples.ts';
import { startFileEnvoy } from './file-envoy.ts';
import { flip, flips, structure } from './steps.ts';
import { type Observed, observed, observeSteps, type Step, takeStep, underLoad } from './under-load.ts';
import type { MeshWorld, Way } from './world.ts';

/** As many as a mesh of App Mesh may have; each has two routes. */
const SERVICES = 200;
/** So many changes of it. */
const FEW = 20;
/** How long the load goes on without any change. */
const STILL_MS = 3_000;

/** Both ways, one after the other: two at once would measure each other. */
interface Pair {
	readonly ours: Observed;
	readonly files: Observed;
}

export interface Changes {
	readonly figures: readonly Figure[];
	readonly flips: Pair;
}

export async function benchChanges(
	world: MeshWorld,
	options: Pick<BenchOptions, 'flips' | 'structure'>,
	tell: (text: string) => void,
): Promise<Changes> {
	await using envoy = await startFileEnvoy(world);
	const reference: Way = { ...world.reference, save: envoy.save };
	const both = async (what: string, ours: readonly Step[], theirs: readonly Step[]): Promise<Pair> => {
		const pair = { ours: await observeSteps(world.ours, ours), files: await observeSteps(reference, theirs) };
		for (const cause of pair.ours.causes) tell(`${what}: ${cause}`);
		for (const cause of pair.files.causes) tell(`${what}, by files: ${cause}`);
		return pair;
	};
	const still = observed([], await underLoad(reference, () => sleep(STILL_MS)));
	const weights = await both('weights', flips(options.flips), flips(options.flips));
	const built = await both('structure', structure(options.structure), structure(options.structure, ['node', 'route']));
	for (const way of [world.ours, reference])
		for (const at of [0, 1]) await takeStep(way, flip(at, { services: SERVICES }));
	const many = flips(Math.min(FEW, options.flips), { services: SERVICES });
	const large = await both('services', many, many);
	return {
		flips: weights,
		figures: [
			...changeFigures('a flip of weights', weights, { p99: 50 }),
			latencyFigure('a request while weights flip, median', weights.ours, still, 'median'),
			latencyFigure('a request while weights flip, p99', weights.ours, still, 'p99'),
			...changeFigures('a change of structure', built, { p99: 150 }),
			...kindFigures(built.ours),
			...changeFigures(`a flip of weights, ${SERVICES} services and ${SERVICES * 2} routes`, large, { median: 100 }),
		],
	};
}

const FILES = 'an Envoy by itself, the same in files';

function changeFigures(
	name: string,
	{ ours, files }: Pair,
	{ median, p99 }: { readonly median?: number; readonly p99?: number },
): Figure[] {
	const below = (must: number | undefined): Limits | undefined =>
		must === undefined ? undefined : { on: 'value', must };
	const count = ours.ms.length;
	const values = files.ms;
	return [
		compare(
			`${name}, from the save to the first request, median of ${count}`,
			ours.ms,
			{ name: FILES, values },
			below(median),
		),
		p99Figure(`${name}, the same, p99`, ours.ms, { name: FILES, values }, below(p99)),
		{
			...{ name: `${name}: requests that failed, of ${ours.requests}`, unit: '', ours: ours.failures.length },
			reference: { name: `${FILES}, of ${files.requests}`, value: files.failures.length },
			limits: { on: 'value', goal: 0, must: 0 },
		},
	];
}

export const p99Figure = (
	name: string,
	ours: readonly number[],
	reference: { readonly name: string; readonly values: readonly number[] },
	limits?: Limits,
): Figure => ({
	...{ name, unit: 'ms', ours: quantile(ours, 0.99) },
	reference: { name: reference.name, value: quantile(reference.values, 0.99) },
	...(limits === undefined ? {} : { limits }),
});

const latencyFigure = (name: string, ours: Observed, still: Observed, which: 'median' | 'p99'): Figure => ({
	...{ name, unit: 'ms', ours: ours.latency[which] },
	reference: { name: 'the same load, an Envoy that nobody changes', value: still.latency[which] },
});

/** Each kind of change beside all of them. */
const kindFigures = ({ byKind, ms }: Observed): Figure[] =>
	Object.entries(byKind).map(([kind, own]) =>
		compare(`${kind}, median of ${own.length}`, own, { name: 'all changes of structure', values: ms }),
	);

import { benchCold } from './cold.ts';
import { benchEnable } from './enable.ts';
import { type Figure, type Judged, judge } from './figure.ts';
import { benchLatency } from './latency.ts';
import { benchLive } from './live.ts';
import { type Machine, readMachine } from './machine.ts';
import type { BenchOptions, Section } from './options.ts';
import { benchRest } from './rest.ts';
import { benchStartup } from './startup.ts';
import { benchStatus } from './status.ts';

export interface BenchReport {
	readonly machine: Machine;
	readonly options: BenchOptions;
	/** RFC 3339, UTC. */
	readonly time: string;
	readonly seconds: number;
	readonly figures: readonly Judged[];
}

/** All sections that were asked for, one after the other: two at once would measure each other. */
export async function runBench(options: BenchOptions, tell: (text: string) => void): Promise<BenchReport> {
	const start = performance.now();
	const time = new Date().toISOString();
	const figures: Judged[] = [];
	for (const section of options.only) {
		tell(descriptions[section](options));
		figures.push(...(await runs[section](options)).map(judge));
	}
	return { machine: readMachine(), options, time, seconds: seconds(start), figures };
}

const seconds = (startMs: number): number => Math.round((performance.now() - startMs) / 1_000);

type Run = (options: BenchOptions) => Promise<readonly Figure[]>;

const runs: Readonly<Record<Section, Run>> = {
	cold: inEachDialect(({ runs }, dialect) => benchCold(dialect, runs)),
	enable: inEachDialect(({ runs }, dialect) => benchEnable(dialect, runs)),
	status: ({ runs }) => benchStatus(runs),
	latency: ({ connections }) => benchLatency(connections),
	live: inEachDialect(({ changes }, dialect) => benchLive(dialect, changes)),
	startup: ({ runs }) => benchStartup(runs),
	rest: benchRest,
};

function inEachDialect(
	run: (options: BenchOptions, dialect: BenchOptions['dialects'][number]) => ReturnType<Run>,
): Run {
	return async (options) => {
		const figures: Figure[] = [];
		for (const dialect of options.dialects) figures.push(...(await run(options, dialect)));
		return figures;
	};
}

const descriptions: Readonly<Record<Section, (options: BenchOptions) => string>> = {
	cold: ({ runs }) => `init and clean, ${runs} times`,
	enable: ({ runs }) => `enable in the daemon, ${runs} times`,
	status: ({ runs }) => `status, ${runs} times`,
	latency: ({ connections }) => `${connections} connections each way`,
	live: ({ changes }) => `${changes} live changes under eight clients, each way`,
	startup: ({ runs }) => `what makes commands start quickly, ${runs} times`,
	rest: ({ cycles, idleSeconds }) => `the daemon at rest: ${cycles} times enabled, then ${idleSeconds} s left alone`,
};

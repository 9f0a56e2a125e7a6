import { benchBusy } from './busy.ts';
import { benchCold } from './cold.ts';
import { benchControl } from './control.ts';
import { benchDocker } from './docker.ts';
import { benchDockerMemory } from './docker-memory.ts';
import { benchEnable } from './enable.ts';
import { type Figure, type Judged, judge } from './figure.ts';
import { benchImage } from './image.ts';
import { benchInbound } from './inbound.ts';
import { benchLatency } from './latency.ts';
import { benchLive } from './live.ts';
import { type Machine, readMachine } from './machine.ts';
import { benchMesh } from './mesh.ts';
import type { BenchOptions, Section } from './options.ts';
import { benchRepair } from './repair.ts';
import { startRest } from './rest.ts';
import { benchScale } from './scale.ts';
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
	await using stack = new AsyncDisposableStack();
	const figures: Figure[] = [];
	const isAsked = (section: Section): boolean => options.only.includes(section);
	if (isAsked('rest')) tell(restText(options));
	const rest = isAsked('rest') ? stack.use(await startRest(options)) : undefined;
	for (const { section, text, run } of parts.filter((part) => isAsked(part.section))) {
		tell(`${section}: ${text(options)}`);
		figures.push(...(await run(options, (more) => tell(`${section}, ${more}`))));
	}
	figures.push(...((await rest?.figures) ?? []));
	return { machine: readMachine(), options, time, seconds: seconds(start), figures: figures.map(judge) };
}

const seconds = (startMs: number): number => Math.round((performance.now() - startMs) / 1_000);

type Run = (options: BenchOptions, tell: (text: string) => void) => Promise<readonly Figure[]>;

interface Part {
	readonly section: Section;
	readonly text: (options: BenchOptions) => string;
	readonly run: Run;
}

const parts: readonly Part[] = [
	{
		section: 'cold',
		text: ({ runs }) => `init and clean, ${runs} times`,
		run: onEachBackend((patience, backend) => benchCold(backend, patience)),
	},
	{
		section: 'enable',
		text: ({ runs }) => `enable in the daemon, ${runs} times`,
		run: onEachBackend((patience, backend) => benchEnable(backend, patience)),
	},
	{ section: 'status', text: ({ runs }) => `${runs} times`, run: benchStatus },
	{
		section: 'latency',
		text: ({ connections }) => `${connections} connections each way`,
		run: async ({ connections }) => [...(await benchLatency(connections)), ...(await benchInbound(connections))],
	},
	{
		section: 'scale',
		text: ({ connections }) => `lists of up to 5,000 networks, ${connections} connections each way`,
		run: benchScale,
	},
	{
		section: 'live',
		text: ({ changes }) => `${changes} changes under eight clients, each way`,
		run: onEachBackend((pace, backend) => benchLive(backend, pace)),
	},
	{ section: 'repair', text: ({ faults }) => `${faults} faults`, run: benchRepair },
	{
		section: 'busy',
		text: ({ idleSeconds }) => `others change their rules for ${idleSeconds} s`,
		run: benchBusy,
	},
	{
		section: 'docker',
		text: ({ runs }) => `Envoy in Docker, ${runs} times, and the daemon's memory meanwhile`,
		run: async (options) => [...(await benchDocker(options)), ...(await benchDockerMemory(options))],
	},
	{
		section: 'mesh',
		text: ({ flips, structure, kills, saves }) =>
			`${flips} flips of weights, ${structure} changes of structure, ${kills} kills, ${saves} saves`,
		run: benchMesh,
	},
	{
		section: 'control',
		text: ({ flips }) => `${flips} changes by the API, which another host follows`,
		run: benchControl,
	},
	{
		section: 'startup',
		text: ({ runs }) => `what makes commands start quickly, ${runs} times`,
		run: (options) => benchStartup(options),
	},
	{ section: 'image', text: ({ runs }) => `init in the image, ${runs} times`, run: (options) => benchImage(options) },
];

const restText = ({ cycles, idleSeconds }: BenchOptions): string =>
	`rest: a daemon enabled ${cycles} times, then left alone for ${idleSeconds} s beside all that follows`;

function onEachBackend(
	run: (options: BenchOptions, backend: BenchOptions['backends'][number]) => ReturnType<Run>,
): Run {
	return async (options) => {
		const figures: Figure[] = [];
		for (const backend of options.backends) figures.push(...(await run(options, backend)));
		return figures;
	};
}

// What both demos are made of: a place, and a column of the table for each state of its host.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import type { Peer } from '../lab/net/peer.ts';
import type { Scratch } from '../lab/net/scratch.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { type Chart, type Phase, type Row, rowsOf, type Who } from './chart.ts';
import type { Colours } from './colours.ts';
import { command } from './daemon.ts';
import { type Cell, observeRow } from './observe.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';
import type { Claim } from './verdict.ts';
import type { Witness } from './witness.ts';

export interface DemoOptions {
	readonly keep: boolean;
	readonly screen: Screen;
	readonly colours: Colours;
	readonly scratch: Scratch;
	readonly print: (text: string) => void;
}

/** A little world with everything that is there before turnout. */
export interface Place extends AsyncDisposable {
	readonly host: Namespace;
	readonly actors: Readonly<Record<Who, Peer>>;
	/** turnout's, a file. */
	readonly settings: string;
	/** turnout as its user would run it; says how it comes up where somebody is told. */
	readonly start: (stage?: Stage) => Promise<TestDaemon>;
	/** What happens while it runs, one after the other. */
	readonly acts: readonly Act[];
	/** What is looked at once it has ended. */
	readonly afterwards: (stage: Stage) => void;
	/** More for a visitor at the prompt: what to type there, and in another terminal. */
	readonly hints: { readonly prompt: readonly Hint[]; readonly shell: readonly Hint[] };
}

export type Hint = readonly [what: string, why: string];

export type Act = (stage: Stage, daemon: TestDaemon, witness: Witness) => Promise<void>;

export interface Variant {
	readonly chart: Chart;
	readonly picture: (colours: Colours) => string;
	readonly next: readonly Hint[];
	readonly open: (options: DemoOptions) => Promise<Place>;
}

export interface Stage extends DemoOptions {
	readonly place: Place;
	readonly chart: Chart;
	readonly cells: Map<Row, Partial<Record<Phase, Cell>>>;
	/** What was found on the way, for the verdict. */
	readonly claims: Claim[];
}

/** For the eye to follow; a stream is not slowed down. */
const PACE_MS = 60;

export async function fillColumn(stage: Stage, phase: Phase, witness?: Witness): Promise<void> {
	const { screen, place, chart, cells, colours } = stage;
	for (const row of rowsOf(chart)) {
		const cell = await observeRow(row, phase, place.actors, witness);
		cells.set(row, { ...cells.get(row), [phase]: cell });
		screen.draw(renderTable(chart, cells, colours, phase));
		if (screen.isLive) await sleep(PACE_MS);
	}
}

const WIDTH = 80;

export type Told = Pick<DemoOptions, 'screen' | 'colours'>;

/** What was done, and how long it took. */
export function step({ screen, colours }: Told, text: string, startMs: number): void {
	const took = `${((performance.now() - startMs) / 1_000).toFixed(2)} s`;
	if (screen.isLive) screen.tell('');
	screen.note(`${colours.bold(text)}${took.padStart(Math.max(WIDTH - text.length, took.length + 2))}`);
}

/** Something to know of the step above. */
export const fact = ({ screen, colours }: Told, name: string, text: string): void =>
	screen.note(`  ${colours.dim(name.padEnd(8))}${text}`);

/** A word to turnout, and the column of the state that it leads to. */
export const say =
	(word: 'enable' | 'disable', phase: Phase): Act =>
	async (stage, { socket }, witness) => {
		const startMs = performance.now();
		if (stage.screen.isLive) stage.screen.tell(`$ turnout ${word}`);
		await command(stage.place.host, word, '--socket', socket);
		step(stage, `$ turnout ${word}`, startMs);
		await fillColumn(stage, phase, witness);
	};

// The demo from its first line to its last: a column of the table for each state of the host.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scratch } from '../scratch.ts';
import { type Snapshot, snapshotHost } from '../snapshot.ts';
import type { TestDaemon } from '../turnout.ts';
import type { Colours } from './colours.ts';
import { command, startTurnout } from './daemon.ts';
import { placeEnvoy } from './envoy-place.ts';
import { keepAtPrompt } from './keep.ts';
import { type Cell, observeRow } from './observe.ts';
import { renderPicture } from './picture.ts';
import { type Phase, type Row, rows } from './rows.ts';
import type { Screen } from './screen.ts';
import { writeSettings } from './settings.ts';
import { mistakes, renderTable } from './table.ts';
import { renderEnd, renderVerdict } from './verdict.ts';
import { createWitness, type Witness } from './witness.ts';
import { createWorld, type World } from './world.ts';

export interface DemoOptions {
	readonly keep: boolean;
	readonly screen: Screen;
	readonly colours: Colours;
	readonly scratch: Scratch;
	readonly print: (text: string) => void;
}

interface Stage extends DemoOptions {
	readonly world: World;
	readonly settings: string;
	readonly cells: Map<Row, Partial<Record<Phase, Cell>>>;
}

/** For the eye to follow; a stream is not slowed down. */
const PACE_MS = 60;

/** True when everything was as it should be. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
	const { screen, colours, scratch, print, keep } = options;
	print(renderPicture(colours));
	screen.tell('Looking for Envoy; the first time it is downloaded …');
	const settings = writeSettings(scratch.path, await placeEnvoy(scratch.path));
	screen.tell("Making the host, the remote and two containers, with Docker's rules …");
	const isWell = await inWorld({ ...options, settings, cells: new Map() });
	print(keep ? '\nThe little world is gone again.\n' : renderEnd(performance.now() / 1_000, colours));
	return isWell;
}

async function inWorld(prepared: Omit<Stage, 'world'>): Promise<boolean> {
	const { cells, colours, screen, print, keep } = prepared;
	using world = await createWorld();
	const stage = { ...prepared, world };
	const changed = await fillTable(stage);
	screen.finish(renderTable(cells, colours));
	const wrong = mistakes(cells);
	print(renderVerdict({ wrong, changed, cells }, colours));
	if (keep) await visit(stage);
	return wrong.length === 0 && changed.length === 0;
}

/** Returns what is not as it was, once all is over. */
async function fillTable(stage: Stage): Promise<readonly string[]> {
	const { screen, world, settings } = stage;
	const { host } = world.lab;
	const before = snapshotHost(host);
	screen.tell('Without turnout');
	await fillColumn(stage, 'before');
	screen.tell('$ turnout run');
	{
		await using daemon = await startTurnout(host, settings);
		using witness = createWitness(host, daemon);
		await fillWhileRunning(stage, daemon, witness);
		screen.tell('turnout and its Envoy end …');
	}
	screen.tell('$ turnout clean');
	await command(host, 'clean');
	await fillColumn(stage, 'after clean');
	return differences(before, snapshotHost(host));
}

async function fillWhileRunning(stage: Stage, { socket }: TestDaemon, witness: Witness): Promise<void> {
	const { host } = stage.world.lab;
	for (const [word, phase] of [
		['enable', 'enabled'],
		['disable', 'disabled'],
	] as const) {
		const startMs = performance.now();
		if (stage.screen.isLive) stage.screen.tell(`$ turnout ${word}`);
		await command(host, word, '--socket', socket);
		stage.screen.tell(`$ turnout ${word}  (${((performance.now() - startMs) / 1_000).toFixed(2)} s)`);
		await fillColumn(stage, phase, witness);
	}
}

async function fillColumn(stage: Stage, phase: Phase, witness?: Witness): Promise<void> {
	const { screen, world, cells, colours } = stage;
	for (const row of rows) {
		const cell = await observeRow(row, phase, world.cast, witness);
		cells.set(row, { ...cells.get(row), [phase]: cell });
		screen.draw(renderTable(cells, colours, phase));
		if (screen.isLive) await sleep(PACE_MS);
	}
}

const differences = (before: Snapshot, after: Snapshot): string[] =>
	Object.keys(before).filter((section) => before[section] !== after[section]);

async function visit({ world, settings, colours, print }: Stage): Promise<void> {
	await using daemon = await startTurnout(world.lab.host, settings);
	await keepAtPrompt({ world, daemon, settings }, colours);
	print('\nTaking everything down …\n');
}

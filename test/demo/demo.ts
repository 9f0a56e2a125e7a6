// The demo from its first line to its last: a column of the table for each state of the host.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import type { Peer } from '../lab/net/peer.ts';
import { type Snapshot, snapshotHost } from '../lab/net/snapshot.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import { type Phase, type Row, rows, type Who } from './connections.ts';
import { command } from './daemon.ts';
import { collectEvidence, type Evidence } from './evidence.ts';
import { type Hint, keepAtPrompt } from './keep.ts';
import { type Cell, observeRow } from './observe.ts';
import { renderPicture } from './picture.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { type Claim, connectionsClaim, hostClaim, renderClaims, renderEnd } from './verdict.ts';

export interface DemoOptions {
	readonly keep: boolean;
	readonly isDocker: boolean;
	readonly screen: Screen;
	/** There before the host, and gone after it. */
	readonly folder: string;
}

/** A host with everything that is there before turnout. */
export interface Setup extends AsyncDisposable {
	readonly host: Namespace;
	readonly peers: Readonly<Record<Who, Peer>>;
	/** turnout's, a file. */
	readonly settings: string;
	/** turnout as its user would run it; what there is to see of its start goes to the screen, if there is one. */
	readonly start: (screen?: Screen) => Promise<TestDaemon>;
	readonly whileEnabled?: (demo: Demo, daemon: TestDaemon, evidence: Evidence) => Promise<void>;
	readonly whenStopped?: () => Claim;
	/** More for a visitor: what to type at the prompt, and in another terminal. */
	readonly hints?: { readonly prompt: Hint; readonly shell: Hint };
}

export interface Demo {
	readonly screen: Screen;
	readonly setup: Setup;
	readonly phases: readonly Phase[];
	readonly cells: Map<Row, Partial<Record<Phase, Cell>>>;
	/** What was found on the way, for the end. */
	readonly claims: Claim[];
}

export type OpenSetup = (options: DemoOptions) => Promise<Setup>;

/** True when everything was as it should be. */
export async function runDemo(options: DemoOptions, open: OpenSetup): Promise<boolean> {
	const { screen, keep, isDocker } = options;
	screen.print(renderPicture(screen.colours, isDocker));
	const isWell = await runOn(options, open);
	const end = renderEnd(performance.now() / 1_000, isDocker, screen.colours);
	screen.print(keep ? '\nThe little world is gone again.\n' : end);
	return isWell;
}

async function runOn(options: DemoOptions, open: OpenSetup): Promise<boolean> {
	const { screen, keep, isDocker } = options;
	await using setup = await open(options);
	const phases: readonly Phase[] = ['before', 'enabled', 'after update', 'disabled', 'cleaned'];
	const shown = phases.filter((phase) => isDocker || phase !== 'after update');
	const demo: Demo = { screen, setup, phases: shown, cells: new Map(), claims: [] };
	const changed = await fillTable(demo);
	const { cells, claims } = demo;
	screen.finish(renderTable(shown, cells, screen.colours));
	const all = [connectionsClaim(shown, cells), ...claims, hostClaim(changed)];
	screen.print(renderClaims(all, screen.colours));
	if (keep) await visit(demo);
	return all.every(({ isTrue }) => isTrue);
}

/** Returns what is not as it was, once all is over. */
async function fillTable(demo: Demo): Promise<readonly string[]> {
	const { screen, setup, claims } = demo;
	const before = snapshotHost(setup.host);
	screen.tell('Without turnout');
	await fillColumn(demo, 'before');
	const stoppedMs = await startInterception(demo);
	screen.step('turnout and its Envoy end', stoppedMs);
	if (setup.whenStopped !== undefined) claims.push(setup.whenStopped());
	await run(demo, 'clean', 'cleaned');
	return differences(before, snapshotHost(setup.host));
}

/** Returns when turnout began to stop. */
async function startInterception(demo: Demo): Promise<number> {
	const { screen, setup } = demo;
	await using daemon = await setup.start(screen);
	using evidence = collectEvidence(setup.host, daemon);
	await run(demo, 'enable', 'enabled', daemon, evidence);
	await setup.whileEnabled?.(demo, daemon, evidence);
	await run(demo, 'disable', 'disabled', daemon, evidence);
	screen.tell('turnout and its Envoy end …');
	return performance.now();
}

/** A command of turnout's, and the column of the state that it leads to. */
async function run(demo: Demo, name: string, phase: Phase, daemon?: TestDaemon, evidence?: Evidence): Promise<void> {
	const { screen, setup } = demo;
	const startMs = performance.now();
	screen.tell(`$ turnout ${name}`);
	await command(setup.host, name, ...(daemon === undefined ? [] : ['--socket', daemon.socket]));
	screen.step(`$ turnout ${name}`, startMs);
	await fillColumn(demo, phase, evidence);
}

/** For the eye to follow; a stream is not slowed down. */
const PACE_MS = 60;

export async function fillColumn(demo: Demo, phase: Phase, evidence?: Evidence): Promise<void> {
	const { screen, setup, phases, cells } = demo;
	for (const row of rows) {
		const cell = await observeRow(row, phase, setup.peers, evidence);
		cells.set(row, { ...cells.get(row), [phase]: cell });
		screen.draw(renderTable(phases, cells, screen.colours, phase));
		if (screen.isLive) await sleep(PACE_MS);
	}
}

const differences = (before: Snapshot, after: Snapshot): string[] =>
	Object.keys(before).filter((section) => before[section] !== after[section]);

async function visit({ setup, screen }: Demo): Promise<void> {
	await using daemon = await setup.start();
	await keepAtPrompt(setup, daemon, screen);
	screen.print('\nTaking everything down …\n');
}

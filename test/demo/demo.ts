// The demo from its first line to its last: a column of the table for each state of the host.
import { type Snapshot, snapshotHost } from '../lab/net/snapshot.ts';
import { command } from './daemon.ts';
import { keepAtPrompt } from './keep.ts';
import { type DemoOptions, fillColumn, type Stage, step, type Variant } from './stage.ts';
import { mistakes, renderTable } from './table.ts';
import { renderEnd, renderVerdict, verdictClaims } from './verdict.ts';
import { createWitness } from './witness.ts';

/** True when everything was as it should be. */
export async function runDemo(options: DemoOptions, variant: Variant): Promise<boolean> {
	const { colours, print, keep } = options;
	print(variant.picture(colours));
	const isWell = await inPlace(options, variant);
	const seconds = performance.now() / 1_000;
	print(keep ? '\nThe little world is gone again.\n' : renderEnd(seconds, variant.next, colours));
	return isWell;
}

async function inPlace(options: DemoOptions, { chart, open }: Variant): Promise<boolean> {
	const { colours, screen, print, keep } = options;
	await using place = await open(options);
	const stage: Stage = { ...options, chart, place, cells: new Map(), claims: [] };
	const changed = await fillTable(stage);
	const { cells } = stage;
	screen.finish(renderTable(chart, cells, colours));
	const claims = verdictClaims({ ...stage, wrong: mistakes(chart, cells), changed });
	print(renderVerdict(claims, colours));
	if (keep) await visit(stage);
	return claims.every(({ isTrue }) => isTrue);
}

/** Returns what is not as it was, once all is over. */
async function fillTable(stage: Stage): Promise<readonly string[]> {
	const { screen, place } = stage;
	const { host, acts } = place;
	const before = snapshotHost(host);
	screen.tell('Without turnout');
	await fillColumn(stage, 'before');
	const stopped = await runThrough(stage, acts);
	step(stage, 'turnout and its Envoy end', stopped);
	place.afterwards(stage);
	const startMs = performance.now();
	await command(host, 'clean');
	step(stage, '$ turnout clean', startMs);
	await fillColumn(stage, 'after clean');
	return differences(before, snapshotHost(host));
}

/** Returns when turnout began to stop. */
async function runThrough(stage: Stage, acts: Stage['place']['acts']): Promise<number> {
	const { place, screen } = stage;
	await using daemon = await place.start(stage);
	using witness = createWitness(place.host, daemon);
	for (const act of acts) await act(stage, daemon, witness);
	if (screen.isLive) screen.tell('turnout and its Envoy end …');
	return performance.now();
}

const differences = (before: Snapshot, after: Snapshot): string[] =>
	Object.keys(before).filter((section) => before[section] !== after[section]);

async function visit(stage: Stage): Promise<void> {
	await using daemon = await stage.place.start();
	await keepAtPrompt(stage, daemon);
	stage.print('\nTaking everything down …\n');
}

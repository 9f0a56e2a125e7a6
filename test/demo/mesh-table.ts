// PURE. The table of who answered after each change of the mesh, as lines of at most 80 columns.
import type { Colours } from './colours.ts';
import { CELL, renderGrid } from './grid.ts';

export interface MeshRow {
	readonly what: string;
	/** Answers by whom. */
	readonly counts: Readonly<Record<string, number>>;
	/** From the change until it held, in milliseconds. */
	readonly ms: number | undefined;
	/** Asked of somebody who is not of the mesh. */
	readonly isElsewhere?: boolean;
}

const versions = ['service-b', 'service-b-v2', 'service-b-v2-too'] as const;
const titles = ['asked', 'v1', 'v2', 'v2 too', 'else', 'ms'];

export const renderMeshTable = (rows: readonly MeshRow[], colours: Colours): string[] =>
	renderGrid(
		titles,
		rows.map((row) => ({ title: row.what, cells: cellsOf(row) })),
		colours,
	);

function cellsOf({ counts, ms, isElsewhere = false }: MeshRow): string[] {
	const time = ms === undefined ? '' : String(Math.round(ms));
	const asked = Object.values(counts).reduce((sum, count) => sum + count, 0);
	if (isElsewhere) return [String(asked), '', '', '', shortened(Object.keys(counts)[0] ?? ''), time];
	const byVersion = versions.map((name) => counts[name] ?? 0);
	const others = asked - byVersion.reduce((sum, count) => sum + count, 0);
	return [asked, ...byVersion, others].map(String).concat(time);
}

/** What a refused connection says is longer than its cell. */
const shortened = (text: string): string => (text.length < CELL ? text : text === 'outside' ? 'passed' : 'held');

// PURE. Rows of numbers with a title each, as lines of at most 80 columns.
import type { Colours } from './colours.ts';

export interface GridRow {
	readonly title: string;
	readonly cells: readonly string[];
}

const TITLE = 34;
export const CELL = 7;

export function renderGrid(titles: readonly string[], rows: readonly GridRow[], { bold, dim }: Colours): string[] {
	const line = ({ title, cells }: GridRow) => title.padEnd(TITLE) + cells.map((cell) => cell.padStart(CELL)).join('');
	return [bold(line({ title: '', cells: titles })), dim('─'.repeat(TITLE + titles.length * CELL)), ...rows.map(line)];
}

// PURE. The table of who answered, as lines of at most 80 columns.
import { type Chart, type Column, type Phase, phasesOf, type Row, rowsOf, type Way } from './chart.ts';
import type { Colours } from './colours.ts';
import { type Cell, isAsExpected } from './observe.ts';

export type Cells = ReadonlyMap<Row, Readonly<Partial<Record<Phase, Cell>>>>;

export function renderTable(chart: Chart, cells: Cells, colours: Colours, current?: Phase): string[] {
	const { columns, groups, titleWidth, total } = chart;
	const { bold, dim } = colours;
	const width = columns.reduce((sum, column) => sum + 1 + column.width, titleWidth);
	const line = (title: string, show: (column: Column) => Shown) =>
		renderLine(
			title.padEnd(titleWidth),
			columns.map((column) => ({ ...show(column), width: column.width })),
		);
	return [
		line('', ({ phase, title }) => ({ text: title, paint: phase === (current ?? phase) ? bold : dim })),
		...groups.flatMap((group) => [
			dim(`${group.title} `.padEnd(width, '─')),
			...group.rows.map((row) => line(row.title, ({ phase }) => cellOf(row, phase, cells, colours))),
		]),
		dim('─'.repeat(width)),
		line(total.title, ({ phase }) => totalOf(chart, phase, cells, colours)),
	];
}

/** Padding is done by the bare text and outside of its colour: a line ends where its last word does. */
interface Shown {
	readonly text: string;
	readonly paint?: (text: string) => string;
	/** At the right end of the cell. */
	readonly mark?: string;
	readonly paintMark?: (text: string) => string;
}

function renderLine(title: string, shown: readonly (Shown & { readonly width: number })[]): string {
	const plain = (text: string) => text;
	const cells = shown.map(({ text, width, paint = plain, mark = '', paintMark = plain }) => {
		return paint(text) + ' '.repeat(Math.max(0, width - text.length - mark.length)) + paintMark(mark);
	});
	return [title, ...cells].join(' ').trimEnd();
}

function cellOf(row: Row, phase: Phase, cells: Cells, { dim, bad, inbound, outbound }: Colours): Shown {
	const cell = cells.get(row)?.[phase];
	if (cell === undefined) return { text: '·', paint: dim };
	const { by = '', way = 'direct' } = cell.observed.find(({ ok }) => !ok) ?? cell.observed[0] ?? {};
	if (!isAsExpected(cell)) return { text: `✗ ${by}`, paint: bad, mark: way === 'direct' ? '' : arrows[way] };
	if (way === 'direct') return { text: by };
	return { text: by, mark: `${arrows[way]} ${cell.counted[way]}`, paintMark: way === 'in' ? inbound : outbound };
}

const arrows: Readonly<Record<Exclude<Way, 'direct'>, string>> = { in: '↓in', out: '↑out' };

/** Without those that Envoy takes on its own ports and leads nowhere: they do not go through it. */
function totalOf(chart: Chart, phase: Phase, cells: Cells, { dim }: Colours): Shown {
	const through = rowsOf(chart).flatMap((row) => {
		const cell = row.expected[phase].by === 'closed' ? undefined : cells.get(row)?.[phase];
		return cell === undefined ? [] : [cell.counted];
	});
	const sum = (way: 'in' | 'out') => through.reduce((total, counted) => total + counted[way], 0);
	if (through.length === 0) return { text: '·', paint: dim };
	if (phase === 'before' || phase === 'after clean') return { text: chart.total.none, paint: dim };
	return { text: `↓${sum('in')} ↑${sum('out')}` };
}

/** Every connection that was not answered as it should be, in words. */
export function mistakes(chart: Chart, cells: Cells): string[] {
	return rowsOf(chart).flatMap((row) =>
		phasesOf(chart).flatMap((phase) => {
			const cell = cells.get(row)?.[phase];
			return cell === undefined ? [] : mistakesOf(row, phase, cell);
		}),
	);
}

function mistakesOf(row: Row, phase: Phase, { observed, counted, isAgreed }: Cell): string[] {
	const { by, way } = row.expected[phase];
	const where = `${phase}: ${row.title}`;
	const account = `${where}: Envoy's counters rose by ${counted.in} in and ${counted.out} out, its log says otherwise`;
	return [
		...observed
			.filter(({ ok }) => !ok)
			.map(({ connection, ...seen }) => {
				const target = `${connection.address} port ${connection.port}`;
				return `${where}: ${target}: ${seen.by}, ${seen.way}; it should be ${by}, ${way}`;
			}),
		...(isAgreed ? [] : [account]),
	];
}

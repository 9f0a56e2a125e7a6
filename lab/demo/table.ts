// PURE. The table of who answered, as lines of at most 80 columns.
import type { Colours } from './colours.ts';
import { type Cell, isAsExpected } from './observe.ts';
import { groups, type Phase, phases, type Row, rows, type Way } from './rows.ts';

export type Cells = ReadonlyMap<Row, Readonly<Partial<Record<Phase, Cell>>>>;

const titleWidth = 32;
const widths: Readonly<Record<Phase, number>> = { before: 9, enabled: 15, disabled: 9, 'after clean': 11 };
const width = titleWidth + phases.reduce((sum, phase) => sum + 1 + widths[phase], 0);

export function renderTable(cells: Cells, colours: Colours, current?: Phase): string[] {
	const { bold, dim } = colours;
	const heads = phases.map((phase): Shown => ({ text: phase, paint: phase === (current ?? phase) ? bold : dim }));
	return [
		renderLine('', heads),
		...groups.flatMap((group) => [
			dim(`${group.title} `.padEnd(width, '─')),
			...group.rows.map((row) =>
				renderLine(
					row.title,
					phases.map((phase) => cellOf(row, phase, cells, colours)),
				),
			),
		]),
		dim('─'.repeat(width)),
		renderLine('through Envoy, by its counters', totals(cells, colours)),
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

function renderLine(title: string, shown: readonly Shown[]): string {
	const plain = (text: string) => text;
	const cells = shown.map(({ text, paint = plain, mark = '', paintMark = plain }, at) => {
		const columns = widths[phases[at] ?? 'before'];
		return paint(text) + ' '.repeat(Math.max(0, columns - text.length - mark.length)) + paintMark(mark);
	});
	return [title.padEnd(titleWidth), ...cells].join(' ').trimEnd();
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
const totals = (cells: Cells, { dim }: Colours): Shown[] =>
	phases.map((phase): Shown => {
		const through = rows.flatMap((row) => {
			const cell = row.expected[phase].by === 'closed' ? undefined : cells.get(row)?.[phase];
			return cell === undefined ? [] : [cell.counted];
		});
		const sum = (way: 'in' | 'out') => through.reduce((total, counted) => total + counted[way], 0);
		if (through.length === 0) return { text: '·', paint: dim };
		if (phase === 'before' || phase === 'after clean') return { text: 'no Envoy', paint: dim };
		return { text: `↓${sum('in')} ↑${sum('out')}` };
	});

/** Every connection that was not answered as it should be, in words. */
export function mistakes(cells: Cells): string[] {
	return rows.flatMap((row) =>
		phases.flatMap((phase) => {
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

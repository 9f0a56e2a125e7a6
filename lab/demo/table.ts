// PURE. The table of who answered, as lines of at most 80 columns.
import type { Colours } from './colours.ts';
import { type Cell, isAsExpected } from './observe.ts';
import { groups, type Phase, phases, type Row, rows, type Way } from './rows.ts';

export type Cells = ReadonlyMap<Row, Readonly<Partial<Record<Phase, Cell>>>>;

const titleWidth = 32;
const widths: Readonly<Record<Phase, number>> = { before: 9, enabled: 16, disabled: 9, 'after clean': 11 };
const width = titleWidth + phases.reduce((sum, phase) => sum + 1 + widths[phase], 0);

export function renderTable(cells: Cells, colours: Colours, current?: Phase): string[] {
	const { bold, dim } = colours;
	const line = (title: string, texts: readonly string[]) => [title.padEnd(titleWidth), ...texts].join(' ').trimEnd();
	const heads = phases.map((phase) => (phase === current ? bold : dim)(phase.padEnd(widths[phase])));
	return [
		line('', heads),
		...groups.flatMap((group) => [
			dim(`${group.title} `.padEnd(width, '─')),
			...group.rows.map((row) => line(row.title, textsOf(row, cells, colours))),
		]),
		dim('─'.repeat(width)),
		line('through Envoy, by its counters', totals(cells, colours)),
	];
}

const textsOf = (row: Row, cells: Cells, colours: Colours): string[] =>
	phases.map((phase) => cellText(cells.get(row)?.[phase], widths[phase], colours));

function cellText(cell: Cell | undefined, columns: number, colours: Colours): string {
	if (cell === undefined) return colours.dim('·'.padEnd(columns));
	if (!isAsExpected(cell)) return colours.bad(wrongText(cell).padEnd(columns));
	const { by = '', way = 'direct' } = cell.observed[0] ?? {};
	if (way === 'direct') return by.padEnd(columns);
	return by.padEnd(10) + wayText(way, ` ${cell.counted[way]}`, columns - 10, colours);
}

function wrongText({ observed }: Cell): string {
	const { by = '', way = 'direct' } = observed.find(({ ok }) => !ok) ?? observed[0] ?? {};
	return `✗ ${by}${way === 'direct' ? '' : arrows[way]}`;
}

const arrows = { in: '↓in', out: '↑out' } as const;

const wayText = (way: Exclude<Way, 'direct'>, more: string, columns: number, { inbound, outbound }: Colours): string =>
	(way === 'in' ? inbound : outbound)((arrows[way].padEnd(4) + more).padEnd(columns));

/** Without those that Envoy takes on its own ports and leads nowhere: they do not go through it. */
function totals(cells: Cells, { inbound, outbound, dim }: Colours): string[] {
	return phases.map((phase) => {
		const through = rows.flatMap((row) => {
			const cell = row.expected[phase].by === 'closed' ? undefined : cells.get(row)?.[phase];
			return cell === undefined ? [] : [cell.counted];
		});
		const sum = (way: 'in' | 'out') => through.reduce((total, counted) => total + counted[way], 0);
		if (through.length === 0) return dim('·'.padEnd(widths[phase]));
		if (phase === 'before' || phase === 'after clean') return dim('no Envoy'.padEnd(widths[phase]));
		const [into, out] = [`↓${sum('in')}`, `↑${sum('out')}`];
		return `${inbound(into)} ${outbound(out)}${' '.repeat(Math.max(0, widths[phase] - into.length - out.length - 1))}`;
	});
}

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

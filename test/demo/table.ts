// PURE. The table of who answered, as lines of at most 80 columns.
import type { Colours } from './colours.ts';
import { groups, type Phase, type Row, rows, type Way } from './connections.ts';
import { type Cell, isAsExpected } from './observe.ts';

export type Cells = ReadonlyMap<Row, Readonly<Partial<Record<Phase, Cell>>>>;

const widths: Readonly<Record<Phase, number>> = {
	before: 7,
	enabled: 14,
	'after update': 14,
	disabled: 8,
	cleaned: 7,
};
const TITLE_WIDTH = 25;

export function renderTable(phases: readonly Phase[], cells: Cells, colours: Colours, current?: Phase): string[] {
	const { bold, dim } = colours;
	const width = phases.reduce((sum, phase) => sum + 1 + widths[phase], TITLE_WIDTH);
	const line = (title: string, show: (phase: Phase) => Shown) =>
		[title.padEnd(TITLE_WIDTH), ...phases.map((phase) => renderCell(show(phase), widths[phase]))].join(' ').trimEnd();
	return [
		line('', (phase) => ({ text: phase, paint: phase === (current ?? phase) ? bold : dim })),
		...groups.flatMap((group) => [
			dim(`${group.title} `.padEnd(width, '─')),
			...group.rows.map((row) => line(row.title, (phase) => cellOf(row, phase, cells, colours))),
		]),
		dim('─'.repeat(width)),
		line("Envoy's own counters", (phase) => totalOf(phase, cells, colours)),
	];
}

interface Shown {
	readonly text: string;
	readonly paint?: (text: string) => string;
	/** At the right end of the cell. */
	readonly mark?: string;
	readonly paintMark?: (text: string) => string;
}

const plain = (text: string): string => text;

/** Padded outside of the colour, so that a line ends where its last word does. */
const renderCell = ({ text, paint = plain, mark = '', paintMark = plain }: Shown, width: number): string =>
	paint(text) + ' '.repeat(Math.max(0, width - text.length - mark.length)) + paintMark(mark);

const arrows: Readonly<Record<Way, string>> = { in: '↓in', out: '↑out', direct: '' };

function cellOf(row: Row, phase: Phase, cells: Cells, { dim, bad, inbound, outbound }: Colours): Shown {
	const cell = cells.get(row)?.[phase];
	if (cell === undefined) return { text: '·', paint: dim };
	const { by = '', way = 'direct' } = cell.observed.find(({ isRight }) => !isRight) ?? cell.observed[0] ?? {};
	if (!isAsExpected(cell)) return { text: `✗ ${by}`, paint: bad, mark: arrows[way] };
	if (way === 'direct') return { text: by };
	return { text: by, mark: `${arrows[way]} ${cell.counted[way]}`, paintMark: way === 'in' ? inbound : outbound };
}

/** Without the connections that Envoy accepts on its own ports and closes: they do not go through it. */
function totalOf(phase: Phase, cells: Cells, { dim }: Colours): Shown {
	const counted = rows.flatMap((row) => cells.get(row)?.[phase] ?? []).filter(({ isClosed }) => !isClosed);
	if (counted.length === 0) return { text: '·', paint: dim };
	if (phase === 'before' || phase === 'cleaned') return { text: '–', paint: dim };
	const sum = (way: 'in' | 'out') => counted.reduce((total, cell) => total + cell.counted[way], 0);
	return { text: `↓${sum('in')} ↑${sum('out')}` };
}

// PURE. The figures for people, and for programs.
import type { Judged, Limits } from './figure.ts';

const heads = ['figure', 'ours', 'reference', 'ratio', 'goal', 'must', 'verdict', 'the reference is'] as const;

export function renderTable(figures: readonly Judged[]): string {
	const rows = [heads, ...figures.map(cells)];
	const widths = heads.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
	return rows
		.map(
			(row) =>
				`${row
					.map((cell, column) => pad(cell, column, widths))
					.join('  ')
					.trimEnd()}\n`,
		)
		.join('');
}

/** Numbers stand on the right, words on the left. */
const pad = (cell: string, column: number, widths: readonly number[]): string =>
	column >= 1 && column <= 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);

const cells = ({ name, unit, ours, reference, ratio, limits, verdict }: Judged): readonly string[] => [
	name,
	`${shown(ours)} ${unit}`,
	reference === undefined ? '' : `${shown(reference.value)} ${unit}`,
	ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
	limit(limits, 'goal', unit),
	limit(limits, 'must', unit),
	verdict,
	reference?.name ?? '',
];

function limit(limits: Limits | undefined, which: 'goal' | 'must', unit: string): string {
	const most = limits?.[which];
	if (limits === undefined || most === undefined) return '';
	return limits.on === 'ratio' ? `≤ ${most.toFixed(1)}×` : `≤ ${most} ${unit}`;
}

/** Three digits are more than a noisy machine can promise. */
const shown = (value: number): string =>
	value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

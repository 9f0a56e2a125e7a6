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
	shown(ours, unit),
	reference === undefined ? '' : shown(reference.value, unit),
	ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
	shownLimit(limits, 'goal', unit),
	shownLimit(limits, 'must', unit),
	verdict,
	reference?.name ?? '',
];

function shownLimit(limits: Limits | undefined, which: 'goal' | 'must', unit: string): string {
	const most = limits?.[which];
	if (limits === undefined || most === undefined) return '';
	return limits.on === 'ratio' ? `≤ ${most.toFixed(1)}×` : `≤ ${shown(most, unit)}`;
}

/** Three digits are more than a noisy machine can promise. */
function shown(value: number, unit: string): string {
	const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
	return `${value.toFixed(digits)} ${unit}`.trimEnd();
}

// PURE. What the bench found out, what was hoped for, and how the two compare.
import { median, quantile } from './samples.ts';

/** `goal` is what we aim at, `must` what may not be missed; either of the ratio to the reference or of the value itself. */
export interface Limits {
	readonly on: 'ratio' | 'value';
	readonly goal?: number;
	readonly must?: number;
}

export interface Figure {
	readonly name: string;
	/** '' where things are counted. */
	readonly unit: 'ms' | 'µs' | 'MB' | '%' | '';
	readonly ours: number;
	/** Taken in the same run. */
	readonly reference?: { readonly name: string; readonly value: number };
	readonly limits?: Limits;
	/** Where they are few: what the medians are of, in the order taken. */
	readonly samples?: { readonly ours: readonly number[]; readonly reference: readonly number[] };
}

export type Verdict = 'goal' | 'within must' | 'over' | '';

export type Judged = Figure & { readonly ratio?: number; readonly verdict: Verdict };

/** Medians of what was taken in turns, in milliseconds. */
export function compare(
	name: string,
	ours: readonly number[],
	reference: { readonly name: string; readonly values: readonly number[] },
	limits?: Limits,
): Figure {
	return {
		name,
		unit: 'ms',
		ours: median(ours),
		reference: { name: reference.name, value: median(reference.values) },
		...(limits === undefined ? {} : { limits }),
		samples: { ours: ours.map(toMicroseconds), reference: reference.values.map(toMicroseconds) },
	};
}

const toMicroseconds = (ms: number): number => Math.round(ms * 1_000) / 1_000;

export function judge(figure: Figure): Judged {
	const { ours, reference } = figure;
	const ratio = reference === undefined || reference.value === 0 ? undefined : ours / reference.value;
	return { ...figure, ...(ratio === undefined ? {} : { ratio }), verdict: verdictOf(figure, ratio) };
}

function verdictOf({ limits, ours }: Figure, ratio: number | undefined): Verdict {
	if (limits === undefined) return '';
	const value = limits.on === 'ratio' ? ratio : ours;
	if (value === undefined) return '';
	if (limits.goal !== undefined && value <= limits.goal) return 'goal';
	return limits.must !== undefined && value <= limits.must ? 'within must' : 'over';
}

/** In milliseconds. */
export function latencyFigures(
	name: string,
	ours: readonly number[],
	beside: string,
	reference: readonly number[],
): Figure[] {
	const shares = [
		['median', 0.5],
		['99 of 100 within', 0.99],
	] as const;
	return shares.map(([share, at]) => ({
		name: `${name}, ${share}`,
		unit: 'µs',
		ours: quantile(ours, at) * 1_000,
		reference: { name: beside, value: quantile(reference, at) * 1_000 },
	}));
}

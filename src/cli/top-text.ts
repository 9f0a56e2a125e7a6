import { escapeControls } from '../lib/escape.ts';
import type { Status } from '../status/types.ts';

/** What `turnout top` shows: a status, and one that was read before it. */
export interface Look {
	readonly status: Status;
	readonly atMs: number;
}

/** Rates need a look before; without one there are totals alone. */
export function topText(now: Look, before?: Look): string {
	const { status } = now;
	const rate = createRate(now, before);
	const rows = countsOf(status).map(({ name, count }) => [...name.split(' '), rate(name, count), String(count)]);
	const lines = [
		`turnout ${status.version}: ${status.is}, ${status.backend.name}, ${status.families.join(' and ')}`,
		`Envoy: ${envoyText(status.envoy)}`,
		`repairs: ${status.repairs.count}; open connections past Envoy: ${status.bypassing}`,
		'',
		...tableOf([['direction', 'verdict', 'decided by', 'per s', 'total'], ...rows]),
		...conditionsText(status),
	];
	return lines.map((line) => `${escapeControls(line)}\n`).join('');
}

interface Count {
	/** `egress captured egressPort`. */
	readonly name: string;
	readonly count: number;
}

function countsOf({ counters }: Status): readonly Count[] {
	const { ingress, egress, rules } = counters;
	return [
		{ name: 'ingress captured all', count: ingress.connections },
		{ name: 'egress captured all', count: egress.connections },
		{ name: 'egress direct all', count: egress.direct },
		...rules.map(({ direction, verdict, setting, count }) => ({ name: `${direction} ${verdict} ${setting}`, count })),
	];
}

function createRate(now: Look, before: Look | undefined): (name: string, count: number) => string {
	if (before === undefined) return () => '-';
	const seconds = Math.max(now.atMs - before.atMs, 1) / 1_000;
	const former = new Map(countsOf(before.status).map(({ name, count }) => [name, count]));
	return (name, count) => (Math.max(count - (former.get(name) ?? 0), 0) / seconds).toFixed(1);
}

function envoyText({ state, version, restarts, lastExit }: Status['envoy']): string {
	const about = version === undefined ? '' : ` (${version})`;
	const past = lastExit === undefined ? '' : `, the last instance ${lastExit}`;
	return `${state}${about}, restarts: ${restarts}${past}`;
}

const NUMBERS = 3;

function tableOf(rows: readonly (readonly string[])[]): readonly string[] {
	const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
	return rows.map((row) =>
		row
			.map((cell, at) => (at < NUMBERS ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
			.join('  ')
			.trimEnd(),
	);
}

function conditionsText({ conditions }: Status): readonly string[] {
	const wrong = conditions.flatMap((each) => (each.ok ? [] : [`!! ${each.subject}: ${each.why}`]));
	return wrong.length === 0 ? [] : ['', ...wrong];
}

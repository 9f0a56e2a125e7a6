import { type Fields, type Level, type LogEvent, levels, logJson } from './lib/log-event.ts';

export type Log = (level: Level, event: string, fields?: Fields) => void;

/** Passes each event at or above the level `least` to every listener. */
export function createLog(
	least: Level,
	listeners: readonly ((event: LogEvent) => void)[],
	now = () => new Date(),
): Log {
	return (level, event, given = {}) => {
		if (levels.indexOf(level) < levels.indexOf(least)) return;
		const fields = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, clipped(value)]));
		const entry = { time: now().toISOString(), level, event, fields };
		for (const listener of listeners) listener(entry);
	};
}

/** In characters. Events are kept in memory, and the error output of a program can have any length. */
const LONGEST_FIELD = 4_096;

const clipped = <T>(value: T): T | string =>
	typeof value === 'string' && value.length > LONGEST_FIELD ? `${value.slice(0, LONGEST_FIELD)}…` : value;

/** In bytes. */
const MOST_UNREAD = 1024 * 1024;

/** Writes to a stream. If its reader falls behind, lines are dropped (not buffered) and their number is logged later. */
export function createOutlet(
	stream: { readonly writableLength: number; readonly write: (text: string) => unknown },
	now = () => new Date(),
): (text: string) => void {
	let lost = 0;
	return (text) => {
		if (stream.writableLength > MOST_UNREAD) lost += 1;
		else {
			if (lost > 0) stream.write(lostLine(lost, now()));
			lost = 0;
			stream.write(text);
		}
	};
}

const lostLine = (lines: number, now: Date): string =>
	logJson({ time: now.toISOString(), level: 'warn', event: 'log lines lost', fields: { lines } });

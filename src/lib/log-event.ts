import { escapeControls, hasControlCharacters } from './escape.ts';

export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One log entry: `event` is a constant phrase; variable data goes into `fields`. */
export interface LogEvent {
	/** RFC 3339, UTC. */
	readonly time: string;
	readonly level: Level;
	readonly event: string;
	readonly fields: Fields;
}

/** One JSON object per line, for journald and `jq`. */
export const logJson = ({ time, level, event, fields }: LogEvent): string =>
	`${JSON.stringify({ time, level, event, ...fields })}\n`;

/** One line of text, for a terminal. */
export function logText({ time, level, event, fields }: LogEvent): string {
	const shown = Object.entries(fields)
		.filter(([, value]) => value !== undefined)
		.map(
			([name, value]) =>
				` ${name}=${typeof value === 'string' && (hasControlCharacters(value) || value.includes(' ')) ? JSON.stringify(value) : value}`,
		);
	return escapeControls(`${time.slice(11, 19)} ${level === 'info' ? '' : `${level}: `}${event}${shown.join('')}\n`);
}

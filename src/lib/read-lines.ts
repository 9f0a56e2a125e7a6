import type { Readable } from 'node:stream';

/** In characters. Longer lines are truncated, so that a line without an end cannot fill our memory. */
export const LONGEST_LINE = 4_096;

/** Calls back for each line of a stream and resolves at its end. Stream errors are left to the stream's owner. */
export function readLines(input: Readable, onLine: (line: string) => void): Promise<void> {
	let rest = '';
	// V8 keeps a concatenated string as a rope; the copy frees the parts that were cut off.
	const emit = (line: string) => onLine(Buffer.from(clipped(line.replace(/\r$/, ''))).toString());
	const take = (part: string) => {
		const [first = '', ...others] = part.split('\n');
		rest = (rest + first).slice(0, LONGEST_LINE + 1);
		for (const other of others) {
			emit(rest);
			rest = other.slice(0, LONGEST_LINE + 1);
		}
	};
	input.setEncoding('utf8').on('data', take);
	return new Promise((resolve) => {
		input.once('close', () => {
			if (rest !== '') emit(rest);
			resolve();
		});
	});
}

const clipped = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);

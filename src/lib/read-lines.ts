import type { Readable } from 'node:stream';

/** In characters. Longer lines are kept to their beginning: somebody who never ends a line must not fill our memory. */
export const LONGEST_LINE = 4_096;

/** Calls back for each line of a stream, until its end. Resolves then; its errors are its owner's business. */
export function readLines(input: Readable, onLine: (line: string) => void): Promise<void> {
	let rest = '';
	// What is added to is kept as a chain of its parts; the copy frees those that were cut off.
	const tell = (line: string) => onLine(Buffer.from(clipped(line.replace(/\r$/, ''))).toString());
	const take = (part: string) => {
		const [first = '', ...others] = part.split('\n');
		rest = (rest + first).slice(0, LONGEST_LINE + 1);
		for (const other of others) {
			tell(rest);
			rest = other.slice(0, LONGEST_LINE + 1);
		}
	};
	input.setEncoding('utf8').on('data', take);
	return new Promise((resolve) => {
		input.once('close', () => {
			if (rest !== '') tell(rest);
			resolve();
		});
	});
}

const clipped = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);

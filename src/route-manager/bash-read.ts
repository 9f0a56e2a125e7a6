/**
 * The words of a conversation as bash's `read` without -r hears them (bash(1)): spaces and tabs at both ends go, a
 * backslash keeps the next character and joins lines, NUL is dropped, a last line without its end is not heard.
 */
export async function* readWords(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
	let rest = '';
	for await (const part of input) {
		rest += String(part).replaceAll('\0', '');
		for (let line = LINE.exec(rest); line !== null; line = LINE.exec(rest)) {
			rest = rest.slice(line[0].length);
			yield heard(String(line[1]).replaceAll('\\\n', ''));
		}
	}
}

/** Up to a line's end that no backslash escapes. */
const LINE = /^((?:[^\\\n]|\\[\s\S])*)\n/;

function heard(line: string): string {
	const letters = [...line.matchAll(/\\(.)|([^\\])/gs)].map(([, kept, bare]) => ({
		letter: kept ?? bare ?? '',
		isBlank: bare === ' ' || bare === '\t',
	}));
	const first = letters.findIndex(({ isBlank }) => !isBlank);
	const last = letters.findLastIndex(({ isBlank }) => !isBlank);
	if (first === -1) return '';
	return letters
		.slice(first, last + 1)
		.map(({ letter }) => letter)
		.join('');
}

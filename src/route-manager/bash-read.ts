/**
 * Reads words as bash's `read` without -r does (bash(1)): spaces and tabs at both ends are trimmed, a backslash escapes
 * the next character and joins lines, NUL is dropped, and a last line without a line feed is ignored.
 */
export async function* readWords(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
	let rest = '';
	for await (const part of input) {
		rest += String(part).replaceAll('\0', '');
		for (let line = LINE.exec(rest); line !== null; line = LINE.exec(rest)) {
			rest = rest.slice(line[0].length);
			yield unescaped(String(line[1]).replaceAll('\\\n', ''));
		}
	}
}

/** Up to a line feed that is not escaped. */
const LINE = /^((?:[^\\\n]|\\[\s\S])*)\n/;

function unescaped(line: string): string {
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

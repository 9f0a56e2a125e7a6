export interface Unclosed {
	readonly bracket: '{' | '[';
	/** Offset of the bracket. */
	readonly opened: number;
	/** Offset of what cannot stand in it any more. */
	readonly before: number;
}

interface Open {
	readonly bracket: '{' | '[';
	readonly opened: number;
	readonly line: number;
	/** Of the line that it is on. */
	readonly indent: number;
	/** Something within it is indented more than that line. */
	isIndented: boolean;
}

/**
 * A parser notices a missing } where it finds something that cannot be, often at the end of the file. People indent what
 * they write, and a line that is indented less than what is in a bracket stands outside of it.
 */
export function findUnclosed(text: string): Unclosed | undefined {
	const open: Open[] = [];
	for (const token of tokensOf(text)) {
		const top = open.at(-1);
		if (top !== undefined && leaves(top, token))
			return { bracket: top.bracket, opened: top.opened, before: token.offset };
		if (isCloser(token)) open.pop();
		else open.push(...opening(token));
	}
	return undefined;
}

const isCloser = ({ text }: Token): boolean => text === '}' || text === ']';

const opening = ({ text, offset, line, indent }: Token): Open[] =>
	text === '{' || text === '[' ? [{ bracket: text, opened: offset, line, indent, isIndented: false }] : [];

const leaves = (top: Open, token: Token): boolean =>
	isCloser(token) ? closes(top) !== token.text : isOutside(top, token);

const closes = ({ bracket }: Open): string => (bracket === '{' ? '}' : ']');

interface Token {
	readonly text: string;
	readonly offset: number;
	readonly line: number;
	readonly indent: number;
	readonly isFirst: boolean;
}

function isOutside(top: Open, { line, indent, isFirst }: Token): boolean {
	if (line === top.line || !isFirst) return false;
	if (indent > top.indent) top.isIndented = true;
	return top.isIndented && indent <= top.indent;
}

function* tokensOf(text: string): Generator<Token> {
	let [line, start, last] = [0, 0, -1];
	for (const { 0: found, index } of text.matchAll(/\n|"(?:[^"\\]+|\\.)*"?|[{}[\]]/g)) {
		if (found === '\n') [line, start] = [line + 1, index + 1];
		else {
			const indent = /^[ \t]*/.exec(text.slice(start, start + 200))?.[0].length ?? 0;
			yield { text: found, offset: index, line, indent, isFirst: line !== last };
			last = line;
		}
	}
}

/** One character of a regex of RE2's syntax (github.com/google/re2/wiki/Syntax), as a test of characters. */
export type CharacterTest = (character: string) => boolean;

export interface RegexFlags {
	readonly i: boolean;
	readonly m: boolean;
	readonly s: boolean;
}

/** Undefined: a property of Unicode that JavaScript does not know. */
export function classTest(token: string, { i }: RegexFlags): CharacterTest | undefined {
	const [, not = '', first = '', body = ''] = /^\[(\^?)(\]?)(.*)\]$/su.exec(token) ?? [];
	return characterTest(`[${not}${first === '' ? '' : '\\]'}${body.replace(IN_CLASS, inClass)}]`, i);
}

/** `.`, `\d`, `\pL`, `\x{41}`, `\.`, `a`. */
export function atomTest(token: string, { i, s }: RegexFlags): CharacterTest | undefined {
	if (token === '.') return (character) => s || character !== '\n';
	if (token === '\\C') return () => true;
	return token.startsWith('\\') ? characterTest(`[${escapeInClass(token)}]`, i) : characterTest(literal(token), i);
}

function characterTest(pattern: string, ignoresCase: boolean): CharacterTest | undefined {
	try {
		const compiled = new RegExp(`^${pattern}$`, ignoresCase ? 'iu' : 'u');
		return (character) => compiled.test(character);
	} catch {
		return undefined;
	}
}

const IN_CLASS = /\[:\^?\w+:\]|\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|[pP]\{\^?\w+\}|[pP].|.)|[^-]/gsu;

function inClass(token: string): string {
	const [, not = '', name = ''] = /^\[:(\^?)(\w+):\]$/.exec(token) ?? [];
	if (name !== '') return not === '' ? (POSIX[name] ?? '') : UNKNOWN;
	return token.startsWith('\\') ? escapeInClass(token) : literal(token);
}

/** Makes the pattern one that JavaScript refuses. */
const UNKNOWN = '\\p{unknown}';

const POSIX: Readonly<Record<string, string>> = {
	...{ alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\0-\\x7f', blank: '\\t ', cntrl: '\\0-\\x1f\\x7f', digit: '0-9' },
	...{ graph: '!-~', lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z' },
	...{ word: '\\w', xdigit: '0-9A-Fa-f' },
};

function escapeInClass(token: string): string {
	const escaped = token.slice(1);
	const property = /^([pP])(?:\{(\^?)(\w+)\}|(.))$/su.exec(escaped);
	if (property !== null) return unicodeClass(property);
	const code = /^x\{?([0-9A-Fa-f]+)\}?$/.exec(escaped)?.[1];
	if (code !== undefined) return `\\u{${code}}`;
	if (/^[0-7]+$/.test(escaped)) return `\\u{${Number.parseInt(escaped, 8).toString(16)}}`;
	return OWN_ESCAPES[escaped] ?? (/^[dDwWSfnrtv]$/.test(escaped) ? token : literal(escaped));
}

const OWN_ESCAPES: Readonly<Record<string, string>> = { a: '\\x07', s: '\\t\\n\\f\\r ' };

function unicodeClass([, letter = '', not = '', long, short]: RegExpExecArray): string {
	const name = long ?? short ?? '';
	const isInverted = (letter === 'P') !== (not === '^');
	// Categories have one or two letters, all longer names are of scripts.
	return `\\${isInverted ? 'P' : 'p'}{${name.length > 2 ? `Script=${name}` : name}}`;
}

const literal = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * Why RE2, which Envoy matches with, would refuse a regex; undefined: nothing speaks against it. RE2 does without whatever
 * would make a match take exponential time.
 */
export function regexProblem(text: string): string | undefined {
	const open: Group[] = [{ size: 0, last: 0 }];
	for (let at = 0; at < text.length; ) {
		const found = tokens.find(({ pattern }) => matchAt(pattern, text, at) !== undefined);
		const token = found === undefined ? undefined : matchAt(found.pattern, text, at);
		if (found === undefined || token === undefined) return `RE2 does not know what starts at ${at + 1}`;
		const problem = found.take(open, token);
		if (problem !== undefined) return `${problem} (at character ${at + 1})`;
		at += token.length;
	}
	return problemAtEnd(open);
}

function problemAtEnd([all, ...unclosed]: readonly Group[]): string | undefined {
	if (unclosed.length > 0) return 'a ( is not closed';
	return (all?.size ?? 0) + BESIDE > MAX_SIZE ? TOO_LARGE : undefined;
}

/** Of RE2's program, in the runtime of our bootstraps; counted here as less than it is. */
const MAX_SIZE = 1_000;
/** What every program has beside its parts. */
const BESIDE = 4;
const TOO_LARGE = `it is too large: repeated as often, it has over ${MAX_SIZE} parts`;

interface Group {
	size: number;
	/** The size of what a `*` would repeat; 0: nothing. */
	last: number;
}

interface Token {
	/** Sticky. */
	readonly pattern: RegExp;
	/** Undefined: it is right. */
	readonly take: (open: Group[], token: string) => string | undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
	pattern.lastIndex = at;
	return pattern.exec(text)?.[0];
}

const refuse = (why: string) => (): string => why;

const atom = (open: Group[]): undefined => add(open, 1);

function add(open: Group[], size: number): undefined {
	const group = open.at(-1);
	if (group !== undefined) Object.assign(group, { size: group.size + size, last: size });
}

const begin = (open: Group[]): undefined => void open.push({ size: 0, last: 0 });

function end(open: Group[]): string | undefined {
	if (open.length === 1) return 'a ) closes nothing';
	add(open, Math.max(1, open.pop()?.size ?? 0));
	return undefined;
}

function alternative(open: Group[]): undefined {
	const group = open.at(-1);
	if (group !== undefined) group.last = 0;
}

function repeat(open: Group[], token: string): string | undefined {
	const group = open.at(-1);
	if (group === undefined || group.last === 0) return `there is nothing that ${token} could repeat`;
	const counts = (token.match(/\d+/g) ?? []).map(Number);
	const [least = 1, most = least] = counts;
	if (Math.max(least, most) > 1_000) return 'RE2 repeats at most 1000 times';
	if (least > most) return `${token} ends before it starts`;
	group.size += group.last * (Math.max(least, most, 1) - 1);
	// `a**` and `a++` are refused too.
	group.last = 0;
	return group.size + BESIDE > MAX_SIZE ? TOO_LARGE : undefined;
}

function checkClass(open: Group[], token: string): string | undefined {
	if (/[^[^]-\\[dDsSwWpP]/u.test(token)) return 'RE2 does not know an escape in this [ ]';
	const ranges = token.slice(1, -1).matchAll(/([^\\\]])-([^\\\]])/gu);
	const wrong = [...ranges].find(([, low = '', high = '']) => low > high);
	return wrong === undefined ? atom(open) : `the range ${wrong[0]} ends before it starts`;
}

/** Envoy hands RE2 bytes: nothing above 255 is one character. */
const CHARACTER = String.raw`x\{0*[0-9A-Fa-f]{1,2}\}|x[0-9A-Fa-f]{2}|0[0-7]{0,2}|[1-3][0-7]{1,2}|[4-7][0-7](?![0-7])|[afnrtv]|[^0-9A-Za-z\u{80}-\u{10ffff}]`;
const GROUP = String.raw`[dDsSwW]|[pP](?:\{\^?\w+\}|[A-Z])`;
const POSIX = 'alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit';
const IN_CLASS = String.raw`\[:\^?(?:${POSIX}):\]|\\(?:${GROUP}|${CHARACTER})|\[(?!:.*?:\])|[^\]\\[]`;

const tokens: readonly Token[] = [
	{ pattern: /\(\?<?[=!]/uy, take: refuse('RE2 has no lookahead and no lookbehind') },
	{ pattern: /\(\?>/uy, take: refuse('RE2 has no atomic groups') },
	{ pattern: /\(\?P=|\\k[<{'"]|\\[1-9](?![0-7])/uy, take: refuse('RE2 has no backreferences') },
	{ pattern: /\(\?P?<\w+>|\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)?:/uy, take: begin },
	{ pattern: /\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)\)/uy, take: alternative },
	{ pattern: /\(\?/uy, take: refuse('RE2 does not know this group') },
	{ pattern: /\(/uy, take: begin },
	{ pattern: /\)/uy, take: end },
	{ pattern: /\|/uy, take: alternative },
	{ pattern: /(?:[*+?]|\{\d+(?:,\d*)?\})\??/uy, take: repeat },
	{ pattern: new RegExp(String.raw`\[(?:\^|(?!\^))(?:\]|(?!\]))(?:${IN_CLASS})*\]`, 'suy'), take: checkClass },
	{ pattern: /\[/uy, take: refuse('a [ is not closed, or has a class that RE2 does not know') },
	{ pattern: /\\Q.*?(?:\\E|$)/suy, take: atom },
	{ pattern: new RegExp(String.raw`\\(?:${GROUP}|${CHARACTER}|[CbBAz])`, 'uy'), take: atom },
	{ pattern: /\\(?:x\{|[0-7]{3})/uy, take: refuse('it has no character above \\x{FF}') },
	{ pattern: /\\/uy, take: refuse('RE2 does not know this escape') },
	{ pattern: /./suy, take: atom },
];

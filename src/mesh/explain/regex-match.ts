import { atomTest, type CharacterTest, classTest, type RegexFlags } from './regex-atoms.ts';

/**
 * Whether a regex of RE2's syntax matches all of a text, as Envoy asks. It goes through the regex once with all places of the
 * text that it can be at, so that no regex takes long. Undefined: it has something that is not known here.
 */
export function matchesRegex(regex: string, text: string): boolean | undefined {
	const reader = { source: regex, at: 0 };
	const part = alternatives(reader, { i: false, m: false, s: false });
	const characters = [...text];
	return part === undefined ? undefined : part(characters, new Set([0])).has(characters.length);
}

type Places = ReadonlySet<number>;
/** From where it may start to where it may end. */
type Part = (text: readonly string[], from: Places) => Places;

interface Reader {
	readonly source: string;
	at: number;
}

function take(reader: Reader, pattern: RegExp): string | undefined {
	pattern.lastIndex = reader.at;
	const found = pattern.exec(reader.source)?.[0];
	reader.at += found?.length ?? 0;
	return found;
}

/** Until the end of the group. Flags that are set in a group hold for the rest of it, in its other alternatives too. */
function alternatives(reader: Reader, outer: RegexFlags): Part | undefined {
	const branches: Part[][] = [[]];
	let flags = outer;
	while (reader.at < reader.source.length && take(reader, /\)/y) === undefined) {
		const set = take(reader, /\(\?[imsU-]+\)/y);
		if (set !== undefined) flags = flagged(flags, set);
		else if (take(reader, /\|/y) !== undefined) branches.push([]);
		else {
			const part = repeated(reader, piece(reader, flags));
			if (part === undefined) return undefined;
			branches.at(-1)?.push(part);
		}
	}
	const ways = branches.map(
		(parts): Part =>
			(text, from) =>
				parts.reduce((places, part) => part(text, places), from),
	);
	return (text, from) => new Set(ways.flatMap((way) => [...way(text, from)]));
}

function piece(reader: Reader, flags: RegexFlags): Part | undefined {
	const group = take(reader, /\((?:\?P?<\w+>|\?[imsU-]*:)?/y);
	if (group !== undefined) return alternatives(reader, flagged(flags, group));
	const quoted = take(reader, /\\Q.*?(?:\\E|$)/sy);
	if (quoted !== undefined) return wordOf(quoted.replace(/^\\Q|\\E$/g, ''));
	const edge = take(reader, /[\^$]|\\[AzbB]/y);
	if (edge !== undefined) return edgeOf(edge, flags);
	const set = take(reader, /\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]/suy);
	if (set !== undefined) return oneOf(classTest(set, flags));
	const atom = take(reader, /\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|[pP]\{\^?\w+\}|[pP].|.)|./suy);
	return atom === undefined ? undefined : oneOf(atomTest(atom, flags));
}

/** `(?i-s`: what stands after the minus is switched off. Greediness does not matter where all of a text is to match. */
function flagged(flags: RegexFlags, group: string): RegexFlags {
	const [, on = '', off = ''] = /^\(\?([imsU]*)(?:-([imsU]*))?[:)]$/.exec(group) ?? [];
	const after = (flag: 'i' | 'm' | 's') => (flags[flag] || on.includes(flag)) && !off.includes(flag);
	return { i: after('i'), m: after('m'), s: after('s') };
}

const oneOf = (test: CharacterTest | undefined): Part | undefined =>
	test &&
	((text, from) => new Set([...from].filter((at) => at < text.length && test(text[at] ?? '')).map((at) => at + 1)));

function wordOf(word: string): Part {
	const characters = [...word];
	const isAt = (text: readonly string[], at: number) => characters.every((each, by) => text[at + by] === each);
	return (text, from) => new Set([...from].filter((at) => isAt(text, at)).map((at) => at + characters.length));
}

function edgeOf(edge: string, { m }: RegexFlags): Part {
	const isWord = (character: string | undefined) => /^\w$/.test(character ?? '');
	const isBetween = (text: readonly string[], at: number) => isWord(text[at - 1]) !== isWord(text[at]);
	const tests: Readonly<Record<string, (text: readonly string[], at: number) => boolean>> = {
		'^': (text, at) => at === 0 || (m && text[at - 1] === '\n'),
		$: (text, at) => at === text.length || (m && text[at] === '\n'),
		'\\A': (_, at) => at === 0,
		'\\z': (text, at) => at === text.length,
		'\\b': isBetween,
		'\\B': (text, at) => !isBetween(text, at),
	};
	return (text, from) => new Set([...from].filter((at) => tests[edge]?.(text, at)));
}

function repeated(reader: Reader, part: Part | undefined): Part | undefined {
	const token = take(reader, /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
	if (token === undefined || part === undefined) return part;
	const bounds = boundsOf(token);
	return (text, from) => timesOf(part, bounds, text, from);
}

type Bounds = readonly [least: number, most: number];

function timesOf(part: Part, [least, most]: Bounds, text: readonly string[], from: Places): Places {
	let places = from;
	for (let times = 0; times < least; times += 1) places = part(text, places);
	let all = places;
	for (let times = least; times < most && places.size > 0; times += 1) {
		places = new Set([...part(text, places)].filter((at) => !all.has(at)));
		all = new Set([...all, ...places]);
	}
	return all;
}

function boundsOf(token: string): Bounds {
	if (token.startsWith('*')) return [0, Number.POSITIVE_INFINITY];
	if (token.startsWith('+')) return [1, Number.POSITIVE_INFINITY];
	if (token.startsWith('?')) return [0, 1];
	const [, least = '', comma, most = ''] = /^\{(\d+)(,?)(\d*)\}/.exec(token) ?? [];
	if (comma === '') return [Number(least), Number(least)];
	return [Number(least), most === '' ? Number.POSITIVE_INFINITY : Number(most)];
}

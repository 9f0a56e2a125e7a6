import { parseCidr, showCidr } from '../../values/cidr.ts';

/** One line of `iptables-save -c`. */
export type Line =
	| { readonly kind: 'table'; readonly name: string }
	| { readonly kind: 'chain'; readonly name: string }
	| {
			readonly kind: 'rule';
			readonly chain: string;
			/** Everything behind `-A CHAIN `. */
			readonly rule: string;
			readonly packets: number;
	  }
	| { readonly kind: 'other' };

export function parseLine(text: string): Line {
	if (text.startsWith('*')) return { kind: 'table', name: text.slice(1).trim() };
	if (text.startsWith(':')) return { kind: 'chain', name: text.slice(1).split(' ', 1)[0] ?? '' };
	const [, packets = '0', chain, rule = ''] = /^(?:\[(\d+):\d+\] )?-A (\S+) ?(.*)$/.exec(text) ?? [];
	if (chain === undefined) return { kind: 'other' };
	return { kind: 'rule', chain, rule, packets: Number(packets) };
}

/** The chain or extension behind -j or -g; '' where there is none. */
export function targetOf(rule: string): string {
	const words = wordsOf(rule);
	const at = words.findLastIndex((word) => word === '-j' || word === '-g');
	return at === -1 ? '' : (words[at + 1] ?? '');
}

/**
 * One form for all spellings of a rule by different versions of iptables: matches in any order, with or without `-m`,
 * words quoted or not, addresses as by inet_ntop(3).
 */
export function canonicalRule(rule: string): string {
	const options: string[][] = [];
	let negated = false;
	for (const word of wordsOf(rule)) {
		if (word === '!') negated = true;
		else if (word.startsWith('-') && word.length > 1) {
			options.push(negated ? ['!', word] : [word]);
			negated = false;
		} else options.at(-1)?.push(word);
	}
	return (
		options
			// The one match of ours that has no option.
			.filter(([name, match]) => name !== '-m' || match === 'socket')
			.map(canonicalOption)
			.sort()
			.join(' ')
	);
}

function canonicalOption(option: readonly string[]): string {
	const name = option.find((word) => word !== '!');
	const isAddress = name === '-s' || name === '-d';
	return option.map((word, at) => (isAddress && at === option.length - 1 ? canonicalAddress(word) : word)).join(' ');
}

/** A rule that somebody else put into our chains may have anything here; it must not make the reading fail. */
function canonicalAddress(word: string): string {
	try {
		return showCidr(parseCidr(word));
	} catch {
		return word;
	}
}

/** An option of a rule with its values. */
export interface SavedOption {
	readonly name: string;
	readonly values: readonly string[];
	readonly not: boolean;
}

export function optionsOf(rule: string): SavedOption[] {
	const found: { name: string; values: string[]; not: boolean }[] = [];
	let not = false;
	for (const word of wordsOf(rule)) {
		if (word === '!') not = true;
		else if (word.startsWith('-') && word.length > 1) {
			found.push({ name: word, values: [], not });
			not = false;
		} else found.at(-1)?.values.push(word);
	}
	return found;
}

/** Words as iptables-save writes them: quoted where they have spaces, a backslash before what would end the quote. */
export function wordsOf(rule: string): string[] {
	return [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, inner, bare]) =>
		inner === undefined ? String(bare) : inner.replace(/\\(.)/g, '$1'),
	);
}

/** The other way round (xtables_save_string). */
export const quotedWord = (word: string): string => `"${word.replace(/["\\]/g, '\\$&')}"`;

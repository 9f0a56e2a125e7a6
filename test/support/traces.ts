// A host before and after, line by line.
import type { Snapshot } from '../lab/net/snapshot.ts';

/** Every line that is new or gone, with its section; nothing where both are the same byte for byte. */
export function changes(before: Snapshot, after: Snapshot): string[] {
	return Object.keys({ ...before, ...after })
		.filter((section) => before[section] !== after[section])
		.flatMap((section) => {
			const [old, now] = [linesOf(before, section), linesOf(after, section)];
			const gone = old.filter((line) => !now.includes(line)).map((line) => `${section}: gone: ${line}`);
			const added = now.filter((line) => !old.includes(line)).map((line) => `${section}: new: ${line}`);
			return gone.length + added.length === 0 ? [`${section}: other order or number`] : [...gone, ...added];
		});
}

const linesOf = (snapshot: Snapshot, section: string): string[] => (snapshot[section] ?? '').split('\n');

/**
 * Without tables that hold no rule, no chain of anybody's and no policy but ACCEPT: they do nothing to any packet, and the
 * kernel that makes them when a rule is put into one never takes them away.
 */
export const withoutEmptyTables = (snapshot: Snapshot): Snapshot =>
	Object.fromEntries(
		Object.entries(snapshot).map(([name, text]) => {
			// Those that hold something are among the saved.
			if (name === 'legacy tables') return [name, ''];
			if (name === 'nft') return [name, withoutEmptyNft(text)];
			return [name, /^ip6?tables-/.test(name) ? withoutEmptySaved(text) : text];
		}),
	);

/** As iptables-save prints a table: `*nat`, `:PREROUTING ACCEPT [0:0]` and the like, rules, `COMMIT`. */
const withoutEmptySaved = (text: string): string => text.replace(/^\*\w+\n(:\w+ ACCEPT \[0:0\]\n)*COMMIT\n/gm, '');

const withoutEmptyNft = (text: string): string =>
	text
		.replace(/\tchain \w+ \{\n\t\ttype \w+ hook \w+ priority [^;]+; policy accept;\n\t\}\n\n?/g, '')
		.replace(/^table \w+ \w+ \{\n\}\n/gm, '');

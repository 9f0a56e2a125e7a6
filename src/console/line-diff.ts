export interface DiffLine {
	readonly kind: 'same' | 'removed' | 'added';
	readonly text: string;
}

/** Beyond so many cells a table of what both have in common would take a second. */
const MOST_CELLS = 4_000_000;

/** What changes line by line: the longest part that both have in common stays. */
export function diffLines(before: string, after: string): DiffLine[] {
	const [a, b] = [linesOf(before), linesOf(after)];
	const start = commonLength(a, b);
	const end = commonLength(a.slice(start).reverse(), b.slice(start).reverse());
	const [middleA, middleB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
	const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
	return [...same(a.slice(0, start)), ...diffMiddle(middleA, middleB), ...same(a.slice(a.length - end))];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

function commonLength(a: readonly string[], b: readonly string[]): number {
	const at = a.findIndex((line, index) => line !== b[index]);
	return at < 0 ? Math.min(a.length, b.length) : at;
}

function diffMiddle(a: readonly string[], b: readonly string[]): DiffLine[] {
	if (a.length * b.length > MOST_CELLS) return [...marked(a, 'removed'), ...marked(b, 'added')];
	const lengths = commonTable(a, b);
	const lengthAt = (i: number, j: number): number => lengths[i * (b.length + 1) + j] ?? 0;
	const kindAt = (i: number, j: number): DiffLine['kind'] => {
		if (i < a.length && a[i] === b[j]) return 'same';
		if (j === b.length) return 'removed';
		return i < a.length && lengthAt(i + 1, j) >= lengthAt(i, j + 1) ? 'removed' : 'added';
	};
	const found: DiffLine[] = [];
	for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
		const kind = kindAt(i, j);
		found.push({ kind, text: (kind === 'added' ? b[j] : a[i]) ?? '' });
		if (kind !== 'added') i += 1;
		if (kind !== 'removed') j += 1;
	}
	return found;
}

const marked = (lines: readonly string[], kind: DiffLine['kind']): DiffLine[] => lines.map((text) => ({ kind, text }));

/** For each pair of places: how many lines what follows has in common. */
function commonTable(a: readonly string[], b: readonly string[]): Uint32Array {
	const width = b.length + 1;
	const table = new Uint32Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i -= 1)
		for (let j = b.length - 1; j >= 0; j -= 1) {
			const [below, beside] = [table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0];
			table[i * width + j] = a[i] === b[j] ? (table[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(below, beside);
		}
	return table;
}

import { stripTypeScriptTypes } from 'node:module';

/** One small change of a file: `text` in place of what stands from `from` to `to`. */
export interface Mutant {
	readonly from: number;
	readonly to: number;
	readonly text: string;
	/** What it does, for the list of those that survive. */
	readonly what: string;
}

/** What is changed into what. Each stands for a kind of mistake: a wrong bound, a guard the wrong way round, a step left out. */
const changes: readonly { readonly find: RegExp; readonly into: (found: RegExpExecArray) => string }[] = [
	{ find: / === /g, into: () => ' !== ' },
	{ find: / !== /g, into: () => ' === ' },
	{ find: / && /g, into: () => ' || ' },
	{ find: / \|\| /g, into: () => ' && ' },
	{ find: / < (?=[\w(])/g, into: () => ' >= ' },
	{ find: / > (?=[\w(])(?!.*=>.*$)/g, into: () => ' <= ' },
	{ find: / <= /g, into: () => ' > ' },
	{ find: / >= /g, into: () => ' < ' },
	{ find: /(?<=[(=:?,] ?)!(?=[a-z(])/g, into: () => '' },
	{ find: /\b(?<=[:=(] ?)true\b/g, into: () => 'false' },
	{ find: /\b(?<=[:=(] ?)false\b/g, into: () => 'true' },
	{ find: /\bif \((?=[^\n]*\) (?:return|continue|throw)\b)/g, into: () => 'if (false && ' },
	{ find: /^\t+await [\w.]+\([^\n]*\);$/gm, into: () => ';' },
	{ find: /^\t+(?!return|await|throw|const|let|type|yield|import|export)[\w.?]+\([^\n]*\);$/gm, into: () => ';' },
	{ find: /(?<==> |\breturn )(?=[\w!][^\n]*;$)(?!undefined)/gm, into: () => 'undefined && ' },
	{ find: / \?\? (?=\w)/g, into: () => ' && ' },
	{ find: /(?<= [+*] )\d[\d_]*\b/g, into: () => '0' },
];

/** Every mutant of a file of TypeScript; comments, imports, types and the texts of messages stay as they are. */
export function mutantsOf(source: string): Mutant[] {
	const isCode = codeIn(source);
	return changes.flatMap(({ find, into }) =>
		[...source.matchAll(find)].flatMap((found) => {
			const from = found.index;
			const to = from + found[0].length;
			if (!isCode(from, to)) return [];
			const text = into(found as RegExpExecArray);
			return [{ from, to, text, what: `${found[0].trim() || 'the value'} → ${text.trim() || 'nothing'}` }];
		}),
	);
}

/** Says of a place whether it is code that runs: Node puts spaces in place of types. */
function codeIn(source: string): (from: number, to: number) => boolean {
	const running = stripTypeScriptTypes(source);
	const skipped = [/\/\*[\s\S]*?\*\//g, /\/\/[^\n]*/g, /'(?:[^'\\\n]|\\.)*'/g, /^import[^;]*;/gm];
	const ranges = skipped.flatMap((each) =>
		[...source.matchAll(each)].map(({ index, 0: text }) => [index, index + text.length] as const),
	);
	return (from, to) =>
		running.slice(from, to + 1) === source.slice(from, to + 1) &&
		!ranges.some(([start, end]) => start <= from && from < end);
}

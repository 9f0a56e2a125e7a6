import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { attempt } from '../lib/attempt.ts';
import { quote } from '../lib/escape.ts';
import { DEEPEST, lineCounter, type ParsedFile } from './document.ts';
import { type Segment, segmentsOf, textOfPath } from './path.ts';
import type { Mistake, Place } from './resource.ts';
import { findUnclosed } from './unclosed-bracket.ts';

/** Strict JSON (RFC 8259): a list or an object whose keys stand once, with the line of each value. Undefined: it is none. */
export function parseJson(text: string, file: string): ParsedFile | undefined {
	const parsed = attempt((): unknown => JSON.parse(text));
	if ('error' in parsed || typeof parsed.value !== 'object' || parsed.value === null) return undefined;
	const isSound = keysOf(parsed.value) === keysIn(text);
	return isSound
		? { documents: [{ value: parsed.value, file, placeOf: placesIn(text, file) }], errors: [] }
		: undefined;
}

/** How many there are; none where it is nested too deep. Takes prototypes away: `__proto__` is a key like any other. */
function keysOf(value: unknown, depth = 1): number {
	if (typeof value !== 'object' || value === null) return 0;
	if (depth > DEEPEST) return Number.NaN;
	const inner: readonly unknown[] = Object.values(value);
	const below = inner.reduce((sum: number, each) => sum + keysOf(each, depth + 1), 0);
	if (Array.isArray(value)) return below;
	Object.setPrototypeOf(value, null);
	return below + inner.length;
}

/** As they stand in the text of a value: each has its colon. */
const keysIn = (text: string): number => text.replace(/"(?:[^"\\]+|\\.)*"/g, '').split(':').length - 1;

/** Why it is none: one at least. */
export function jsonMistakes(text: string, file: string): Mistake[] {
	const found: ParseError[] = [];
	const root = treeOf(text, found);
	const lineAt = lineCounter(text);
	const duplicates = root === undefined || found.length > 0 ? [] : duplicateKeys(root);
	if (duplicates.length === 0) return [brokenJson(text, found[0], { file, lineAt })];
	return duplicates.map(({ node, path }) => ({
		...{ file, path: textOfPath(path), line: lineAt(node.offset) },
		...{ why: `the key ${quote(String(node.value))} stands twice`, hint: 'remove one of them' },
	}));
}

const treeOf = (text: string, errors?: ParseError[]): Node | undefined =>
	parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });

/** The tree, with the offset of each value, is made when it is first asked for: mostly nothing is wrong. */
function placesIn(text: string, file: string): (path: string) => Place {
	const locate = () => {
		const [lineAt, offsetOf] = [lineCounter(text), createOffsets(treeOf(text))];
		return (path: string): Place => ({ file, path, line: lineAt(offsetOf(segmentsOf(path))) });
	};
	let located: ReturnType<typeof locate> | undefined;
	return (path) => {
		located ??= locate();
		return located(path);
	};
}

/** Of the value at this path, or of the nearest one around it that is there. */
function createOffsets(root: Node | undefined): (segments: readonly Segment[]) => number {
	const partIn = createParts();
	return (segments) => {
		let found = root;
		for (const segment of segments) {
			const part = found && partIn(found, segment);
			if (part === undefined) break;
			found = part;
		}
		return (found?.parent?.type === 'property' ? found.parent : found)?.offset ?? 0;
	};
}

/** Remembers the fields of objects: a file may have ten thousand resources in one of them. */
function createParts(): (node: Node, segment: Segment) => Node | undefined {
	const known = new WeakMap<Node, ReadonlyMap<string, Node>>();
	return (node, segment) => {
		if (typeof segment === 'number') return node.type === 'array' ? node.children?.[segment] : undefined;
		const fields = known.get(node) ?? fieldsOf(node);
		known.set(node, fields);
		return fields.get(segment);
	};
}

const fieldsOf = ({ type, children = [] }: Node): ReadonlyMap<string, Node> =>
	new Map(
		(type === 'object' ? children : []).flatMap(({ children: [key, value] = [] }) =>
			key === undefined || value === undefined ? [] : [[String(key.value), value]],
		),
	);

interface Duplicate {
	readonly node: Node;
	readonly path: readonly Segment[];
}

function duplicateKeys(node: Node, path: readonly Segment[] = []): Duplicate[] {
	const children = node.children ?? [];
	if (node.type === 'array') return children.flatMap((child, at) => duplicateKeys(child, [...path, at]));
	const seen = new Set<string>();
	return children.flatMap((property) => {
		const [key, value] = property.children ?? [];
		if (key === undefined) return [];
		const name = String(key.value);
		const isTwice = seen.has(name);
		seen.add(name);
		const below = value === undefined ? [] : duplicateKeys(value, [...path, name]);
		return isTwice ? [{ node: key, path: [...path, name] }, ...below] : below;
	});
}

interface Text {
	readonly file: string;
	readonly lineAt: (offset: number) => number;
}

function brokenJson(text: string, error: ParseError | undefined, { file, lineAt }: Text): Mistake {
	const code = error === undefined ? 'ValueExpected' : printParseErrorCode(error.error);
	const offset = error?.offset ?? 0;
	const what = text.slice(offset, offset + 30).split('\n')[0] ?? '';
	const near = what === '' ? 'the end of the file' : quote(what);
	const hint = unclosedHint(text, offset, lineAt);
	const otherwise = hints.get(code) ?? 'see RFC 8259 for what JSON is';
	return { file, line: lineAt(offset), path: '', why: `invalid JSON at ${near}`, hint: `${hint}${otherwise}` };
}

function unclosedHint(text: string, offset: number, lineAt: Text['lineAt']): string {
	const unclosed = findUnclosed(text);
	if (unclosed !== undefined && unclosed.before <= offset) {
		const closer = unclosed.bracket === '{' ? 'a closing }' : 'a closing ]';
		return `${closer} is missing before line ${lineAt(unclosed.before)} for the ${unclosed.bracket} of line ${lineAt(unclosed.opened)}, or `;
	}
	const open = openBrackets(text.slice(0, offset)).at(-1);
	return open === undefined ? '' : `the ${open.bracket} of line ${lineAt(open.offset)} is not closed before, or `;
}

const hints: ReadonlyMap<string, string> = new Map([
	['CommaExpected', 'a comma is missing'],
	['ColonExpected', 'a colon is missing'],
	['PropertyNameExpected', 'a key in quotes is missing, or a comma is too many'],
	['ValueExpected', 'a value is missing'],
	['CloseBraceExpected', 'a } is missing'],
	['CloseBracketExpected', 'a ] is missing'],
	['EndOfFileExpected', 'something follows the end of the value; one file holds one value'],
	['InvalidCommentToken', 'JSON has no comments'],
	['InvalidSymbol', 'texts stand in double quotes'],
]);

/** Those that are open at the end of this text, outside of strings. */
function openBrackets(text: string): { readonly bracket: string; readonly offset: number }[] {
	const open: { bracket: string; offset: number }[] = [];
	for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]+|\\.)*"?|[{}[\]]/g)) {
		if (token === '{' || token === '[') open.push({ bracket: token, offset: index });
		if (token === '}' || token === ']') open.pop();
	}
	return open;
}

import { type Document, isAlias, isMap, isScalar, isSeq, type Pair, parseAllDocuments, type YAMLMap } from 'yaml';
import { quote } from '../lib/escape.ts';
import { DEEPEST, lineCounter, type ParsedDocument, type ParsedFile, tooDeep } from './document.ts';
import { intrinsicTags } from './intrinsic-tags.ts';
import { segmentsOf } from './path.ts';
import type { Mistake } from './resource.ts';

/** A value with where it stands; its parts are found by key or index. */
interface Located {
	readonly value: unknown;
	readonly offset: number;
	readonly parts: ReadonlyMap<string, Located>;
	/** Values below and including this one, once its aliases are followed. */
	readonly size: number;
	/** How far its parts are nested. */
	readonly depth: number;
}

/** Above any real mesh, and far below what fills the memory: nine levels of ten aliases would be a billion values. */
const MOST_VALUES = 2_000_000;

/** Whether keys are unique is checked here: the library compares each with all before it. */
const options = { prettyErrors: false, logLevel: 'silent', uniqueKeys: false } as const;

/**
 * YAML 1.2 with merge keys, one value for each document that has one. CloudFormation's short tags become its long form;
 * all other tags are errors. Aliases share what they name, so that only counting tells how much a bomb would unfold.
 */
export function parseYaml(text: string, file: string): ParsedFile {
	const lineAt = lineCounter(text);
	const parsed = [...parseAllDocuments(text, options)].map((document) => {
		const mistakes: Mistake[] = [];
		const tell = (offset: number, why: string, hint = '') =>
			void mistakes.push({ file, line: lineAt(offset), path: '', why, hint });
		for (const { pos, message } of document.errors.slice(0, 1)) tell(pos[0], ...syntaxMistake(message));
		const root = mistakes.length > 0 ? undefined : locate(document, tell);
		return { root, mistakes };
	});
	const documents = parsed.flatMap(({ root, mistakes }): ParsedDocument[] =>
		mistakes.length > 0 || root === undefined || root.value === null
			? []
			: [{ value: root.value, file, placeOf: (path) => ({ file, path, line: lineAt(offsetOf(root, path)) }) }],
	);
	return { documents, errors: parsed.flatMap(({ mistakes }) => mistakes) };
}

function offsetOf(root: Located, path: string): number {
	let found = root;
	for (const segment of segmentsOf(path)) {
		const part = found.parts.get(String(segment));
		if (part === undefined) break;
		found = part;
	}
	return found.offset;
}

type Tell = (offset: number, why: string, hint?: string) => void;

interface Building {
	/** Undefined while the value that has it is built. */
	readonly anchors: Map<string, Located | undefined>;
	readonly tell: Tell;
}

const nothing: ReadonlyMap<string, Located> = new Map();

function locate(document: Document.Parsed, tell: Tell): Located | undefined {
	const root = build(document.contents, offsetIn(document.contents, 0), { anchors: new Map(), tell });
	if (root.size > MOST_VALUES)
		tell(root.offset, `its aliases unfold to more than ${MOST_VALUES} values`, 'write less by aliases');
	else if (root.depth > DEEPEST) tell(root.offset, ...tooDeep);
	else return root;
	return undefined;
}

function build(node: unknown, offset: number, building: Building): Located {
	const { anchor, tag } = (node ?? {}) as { readonly anchor?: string; readonly tag?: string };
	if (anchor !== undefined) building.anchors.set(anchor, undefined);
	const plain = buildPlain(node, offset, building);
	const located = tag === undefined ? plain : tagged(tag, plain, building.tell);
	if (anchor !== undefined) building.anchors.set(anchor, located);
	return located;
}

function buildPlain(node: unknown, offset: number, building: Building): Located {
	if (isAlias(node)) return follow(node.source, offsetIn(node, offset), building);
	if (isScalar(node)) return leaf(scalarValue(node.value), offset);
	if (isMap(node)) return object(entriesOf(node, offset, building), offset);
	if (!isSeq(node)) return leaf(null, offset);
	return list(
		node.items.map((item) => build(item, offsetIn(item, offset), building)),
		offset,
	);
}

function follow(name: string, offset: number, { anchors, tell }: Building): Located {
	const named = anchors.get(name);
	if (named !== undefined) return named;
	if (anchors.has(name)) tell(offset, `the alias *${name} stands inside of what it names`, 'unfold it by hand');
	else tell(offset, `nothing has the anchor of ${quote(`*${name}`)}`, `write &${name} before what it names`);
	return leaf(null, offset);
}

function entriesOf(map: YAMLMap, offset: number, building: Building): Map<string, Located> {
	const [merges, own] = [map.items.filter(isMerge), map.items.filter((pair) => !isMerge(pair))];
	const entries = new Map<string, Located>();
	const seen = new Set<string>();
	for (const { key, value } of merges) {
		const at = offsetIn(key, offset);
		for (const [name, part] of merged(build(value, at, building), at, building.tell)) addNew(entries, name, part);
	}
	for (const { key, value } of own) {
		const at = offsetIn(key, offset);
		if (!isScalar(key)) building.tell(at, 'a key is a list or an object', 'keys are texts');
		else if (seen.has(keyText(key)))
			building.tell(at, `the key ${quote(keyText(key))} stands twice`, 'remove one of them');
		else entries.set(keyText(key), { ...build(value, at, building), offset: at });
		seen.add(isScalar(key) ? keyText(key) : '');
	}
	return entries;
}

/** Of several maps that are merged the first has precedence. */
const addNew = (entries: Map<string, Located>, key: string, part: Located): void =>
	void (entries.has(key) || entries.set(key, part));

const offsetIn = (node: unknown, otherwise: number): number =>
	(node as { readonly range?: readonly number[] } | null | undefined)?.range?.[0] ?? otherwise;

const isMerge = ({ key }: Pair): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

const keyText = ({ value, source }: { readonly value: unknown; readonly source?: string }): string =>
	source ?? String(value ?? '');

/** Numbers beyond those that JavaScript counts exactly stay texts, and are told as such. */
const scalarValue = (value: unknown): unknown =>
	['string', 'number', 'boolean'].includes(typeof value)
		? value
		: value === undefined || value === null
			? null
			: String(value);

const leaf = (value: unknown, offset: number): Located => ({ value, offset, parts: nothing, size: 1, depth: 0 });

function measured(parts: ReadonlyMap<string, Located>) {
	let [size, depth] = [1, 0];
	for (const part of parts.values()) [size, depth] = [size + part.size, Math.max(depth, part.depth + 1)];
	return { size, depth };
}

function object(parts: ReadonlyMap<string, Located>, offset: number): Located {
	const value: Record<string, unknown> = Object.create(null);
	for (const [key, part] of parts) value[key] = part.value;
	return { value, offset, parts, ...measured(parts) };
}

function list(items: readonly Located[], offset: number): Located {
	const parts = new Map(items.map((item, at) => [String(at), item]));
	return { value: items.map(({ value }) => value), offset, parts, ...measured(parts) };
}

function merged({ value, parts }: Located, at: number, tell: Tell): [string, Located][] {
	if (Array.isArray(value)) return [...parts.values()].flatMap((part) => merged(part, at, tell));
	if (typeof value === 'object' && value !== null) return [...parts];
	tell(at, 'a merge key (<<) names something that is no object', 'an alias of an object, or a list of such');
	return [];
}

const coreTags = new Set(
	['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

function tagged(tag: string, plain: Located, tell: Tell): Located {
	if (coreTags.has(tag) || tag === '!') return plain;
	const long = intrinsicTags.get(tag);
	if (long !== undefined) return object(new Map([[long, plain]]), plain.offset);
	tell(plain.offset, `unknown tag ${quote(tag)}`, `known: ${[...intrinsicTags.keys()].join(', ')}`);
	return plain;
}

function syntaxMistake(message: string): [why: string, hint: string] {
	const [first = ''] = message.split('\n');
	if (/call stack/.test(first)) return tooDeep;
	const hint = syntaxHints.find(([pattern]) => pattern.test(first))?.[1] ?? 'see https://yaml.org for what YAML is';
	return [`invalid YAML: ${first}`, hint];
}

const syntaxHints: readonly (readonly [RegExp, string])[] = [
	[/tab/i, 'indent with spaces'],
	[/indent/i, 'lines of one object start in the same column'],
	[/Implicit keys|multiline|Nested mappings/, 'a colon and space within a text needs quotes around the text'],
	[/end with a|flow|Missing ,/, 'a bracket, brace or comma is missing before this'],
	[/quote/i, 'a quote is missing'],
];

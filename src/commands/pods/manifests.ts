import {
	type Alias,
	type Document,
	type DocumentOptions,
	isCollection,
	isMap,
	isNode,
	isSeq,
	type Node,
	type ParseOptions,
	parseDocument,
	type SchemaOptions,
	stringify,
	type Tags,
	visit,
	type YAMLSeq,
} from 'yaml';
import { oneLine } from '../../lib/escape.ts';
import { firstTooDeep, lineCounter, tooDeep } from '../../mesh/document.ts';

export type Path = readonly (string | number)[];

/** One document of a file of Kubernetes. */
export interface Manifest {
	/** As it is written, for one that stays as it is. */
	readonly text: string;
	readonly document: Document.Parsed;
	/** Plain data. */
	readonly value: unknown;
	/** `FILE:LINE` of a path that is there. */
	readonly placeOf: (path: Path) => string;
	readonly placeOfNode: (node: Node) => string;
}

export interface Manifests {
	readonly manifests: readonly Manifest[];
	readonly mistakes: readonly string[];
}

/** Each document, with the line that begins it. Mistakes are told by file and line. */
export function parseManifests(text: string, file: string): Manifests {
	const manifests: Manifest[] = [];
	const mistakes: string[] = [];
	let linesBefore = 0;
	for (const part of text.split(/^(?=---(?:\s|$))/m)) {
		const parsed = parseManifest(part.replace(directive, ''), file, linesBefore);
		if (typeof parsed === 'string') mistakes.push(parsed);
		else manifests.push(parsed);
		linesBefore += part.split('\n').length - 1;
	}
	return { manifests, mistakes };
}

/** kubectl refuses a file that begins with one. It stands after everything else of its part. */
const directive = /^%YAML\s.*\n/gm;

/** As kubectl reads it: YAML 1.1 with merge keys and with the octals of 1.2, but without times. */
const options: ParseOptions & DocumentOptions & SchemaOptions = {
	...{ version: '1.1', prettyErrors: false, logLevel: 'silent' },
	customTags: (tags) => [...tags, 'intOct' as const].filter((tag) => !isTime(tag)).map(asWritten),
};

type Tag = Tags[number];

const isTime = (tag: Tag): boolean =>
	typeof tag === 'object' && (tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp');

/** Numbers have more than one spelling. */
const asWritten = (tag: Tag): Tag =>
	typeof tag === 'object' && /:(int|float)$/.test(tag.tag) && tag.stringify !== undefined
		? { ...tag, stringify: (node, ...rest) => node.source ?? tag.stringify?.(node, ...rest) ?? '' }
		: tag;

function parseManifest(text: string, file: string, linesBefore: number): Manifest | string {
	const lineAt = lineCounter(text);
	const place = (offset: number) => `${file}:${linesBefore + lineAt(offset)}`;
	const deep = firstTooDeep(text);
	if (deep !== undefined) return `${place(deep)}: ${tooDeep[0]}`;
	const document = parseDocument(text, options);
	const [error] = document.errors;
	if (error !== undefined) return `${place(error.pos[0])}: ${whyNoYaml(error.message, text)}`;
	try {
		return {
			...{ text, document, value: document.toJS() },
			placeOf: (path) => place(offsetOf(document, path)),
			placeOfNode: ({ range }) => place(range?.[0] ?? 0),
		};
	} catch (cause) {
		return `${place(0)}: ${whyNoYaml((cause as Error).message, text)}`;
	}
}

const whyNoYaml = (message: string, text: string): string =>
	`it is no YAML: ${oneLine(message)}${text.includes('{{') ? '; of a template convert what it is rendered to' : ''}`;

function offsetOf(document: Document.Parsed, path: Path): number {
	const node = document.getIn(path, true);
	return (isNode(node) ? node.range?.[0] : document.contents?.range[0]) ?? 0;
}

/** In the place of the element that has this name, or else at the end of a list that may not be there yet. */
export function put({ document }: Manifest, path: Path, name: string, element: object): void {
	const list = document.getIn(path);
	if (isSeq(list)) list.set(indexOf(list, name) ?? list.items.length, document.createNode(element));
	else document.setIn(path, document.createNode([element]));
}

export function insertAfter({ document }: Manifest, path: Path, name: string, element: object): void {
	const list = document.getIn(path);
	if (isSeq(list)) list.items.splice((indexOf(list, name) ?? 0) + 1, 0, document.createNode(element));
}

export function remove({ document }: Manifest, path: Path, name: string): void {
	const list = document.getIn(path);
	if (isSeq(list)) list.items = list.items.filter((item) => !isNamed(item, name));
}

/** Also below what is not there, or stands there without a value. */
export function set({ document }: Manifest, path: Path, value: unknown): void {
	const parents = path.map((_, at) => path.slice(0, at));
	for (const parent of parents.filter((each) => (document.getIn(each) ?? null) === null))
		document.setIn(parent, document.createNode({}));
	document.setIn(path, value);
}

function indexOf(list: YAMLSeq, name: string): number | undefined {
	const at = list.items.findIndex((item) => isNamed(item, name));
	return at === -1 ? undefined : at;
}

const isNamed = (item: unknown, name: string): boolean => isMap(item) && item.get('name') === name;

/** Whether it can be changed: an alias or a merge key may stand for something that others share. */
export function isWrittenOut({ document, value }: Manifest, path: Path): boolean {
	const [meant, written] = [valueAt(value, path) ?? undefined, document.getIn(path)];
	return meant === undefined || meant === written || isCollection(written);
}

export const valueAt = (value: unknown, path: Path): unknown =>
	path.reduce<unknown>((within, key) => (within as Record<string | number, unknown> | undefined | null)?.[key], value);

/** Changes the document; returns a mistake for each alias that means something else then, or nothing. */
export function changeBy({ document, placeOfNode }: Manifest, change: () => void): readonly string[] {
	const before = aliasesIn(document);
	change();
	return [...aliasesIn(document)]
		.filter(([alias, node]) => before.has(alias) && before.get(alias) !== node)
		.map(([alias]) => `${placeOfNode(alias)}: the alias *${alias.source} leads into what is replaced; write it out`);
}

/** Each with what it means. */
function aliasesIn(document: Document): ReadonlyMap<Alias, Node | undefined> {
	const found = new Map<Alias, Node | undefined>();
	visit(document, { Alias: (_, alias) => void found.set(alias, alias.resolve(document)) });
	return found;
}

/** A document that was changed, in the style that it is written in. JSON stays JSON, which kubectl tells by its first brace. */
export const textOf = ({ document, text }: Manifest): string =>
	text.trimStart().startsWith('{')
		? `${JSON.stringify(document.toJS(), undefined, 4)}\n`
		: document.toString({ lineWidth: 0, indentSeq: !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text) });

export const newManifest = (value: object): string =>
	`---\n${stringify(value, undefined, { ...options, lineWidth: 0 })}`;

import { type Alias, type Document, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { quote } from '../lib/escape.ts';
import { allSettings, nearestKey, sections } from './names.ts';

/** The values of a settings file as text, each with its file and line. */
export interface FileSettings {
	readonly values: ReadonlyMap<string, { readonly text: string; readonly where: string }>;
	readonly mistakes: readonly string[];
}

interface Found {
	/** Dotted. */
	readonly key: string;
	readonly value: unknown;
	readonly where: string;
}

/** Parses a settings file. Never throws: mistakes are returned, with file and line. */
export function parseSettingsFile(text: string, path: string): FileSettings {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
	const where = (offset: number) => `${path}:${lines.linePos(offset).line}`;
	const wrong = (offset: number, why: string): FileSettings => ({
		values: new Map(),
		mistakes: [`${where(offset)}: invalid YAML: ${why}`],
	});
	const [error] = document.errors;
	if (error !== undefined) return wrong(error.pos[0], error.message);
	if (isNothing(document.contents)) return { values: new Map(), mistakes: [] };
	if (!isMap(document.contents))
		return { values: new Map(), mistakes: [`${path}: contains no settings; allowed: lines such as "appPorts: 8080"`] };
	const [stray] = strayAliases(document);
	if (stray !== undefined) return wrong(offsetOf(stray), `no anchor for ${quote(`*${stray.source}`)}`);
	try {
		return gather(flatten(document.toJS(), '', document.contents, (node) => where(offsetOf(node))));
	} catch (cause) {
		return wrong(0, (cause as Error).message);
	}
}

const isNothing = (contents: unknown): boolean => contents === null || (isScalar(contents) && contents.value === null);

function strayAliases(document: Document): Alias[] {
	const stray: Alias[] = [];
	visit(document, { Alias: (_, alias) => void (alias.resolve(document) ?? stray.push(alias)) });
	return stray;
}

const offsetOf = (node: unknown): number => (node as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;

function flatten(value: object, prefix: string, map: unknown, where: (key: unknown) => string): Found[] {
	return Object.entries(value).flatMap(([name, inner]): Found[] => {
		const pair = isMap(map) ? map.items.find((item) => String(item.key) === name) : undefined;
		const key = prefix + name;
		if (sections.includes(key) && isPlain(inner)) return flatten(inner ?? {}, `${key}.`, pair?.value, where);
		return [{ key, value: inner, where: where(pair?.key) }];
	});
}

/** A section, possibly empty. */
const isPlain = (value: unknown): value is object | null =>
	value === null || (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype);

function gather(found: readonly Found[]): FileSettings {
	const values = new Map<string, { text: string; where: string }>();
	const mistakes: string[] = [];
	for (const { key, value, where } of found) {
		const text = textOf(value);
		const former = values.get(key);
		if (sections.includes(key)) mistakes.push(`${where}: ${key}: is a section and takes no value`);
		else if (!allSettings.has(key)) mistakes.push(`${where}: ${unknownKey(key)}`);
		else if (text === undefined) mistakes.push(`${where}: ${key}: is neither text, number, 1 or 0, nor a list of them`);
		else if (former !== undefined) mistakes.push(`${where}: ${key}: already set in ${former.where}`);
		else values.set(key, { text, where });
	}
	return { values, mistakes };
}

const unknownKey = (key: string): string => `unknown setting ${quote(key)}; did you mean "${nearestKey(key)}"?`;

/** Lists become comma lists and true becomes 1, so that files, variables and flags share one parser. */
function textOf(value: unknown): string | undefined {
	if (value === null) return '';
	if (typeof value === 'boolean') return value ? '1' : '0';
	if (typeof value === 'string' || typeof value === 'number') return String(value);
	if (!Array.isArray(value)) return undefined;
	const parts = value.map(textOf);
	return parts.every((part) => part !== undefined) ? parts.join(',') : undefined;
}

import { isMap, LineCounter, parseDocument } from 'yaml';
import type { FileSettings } from './file.ts';
import { allSettings, nearestKey } from './names.ts';

/** Never throws: what is wrong with the text is told with its line. */
export function parseSettingsFile(text: string, path: string): FileSettings {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
	const where = (offset: number) => `${path}:${lines.linePos(offset).line}`;
	if (document.errors.length > 0)
		return {
			values: new Map(),
			mistakes: document.errors.map(({ message, pos }) => `${where(pos[0])}: is no YAML: ${message}`),
		};
	if (document.contents === null) return { values: new Map(), mistakes: [] };
	if (!isMap(document.contents))
		return { values: new Map(), mistakes: [`${path}: holds no settings; allowed: lines such as "appPorts: 8080"`] };
	return gather(flatten(document.contents.toJSON(), ''), (key) => where(offsetOf(document.contents, key)));
}

/** Where a key's value begins; the deepest node on the way that exists. */
function offsetOf(contents: unknown, key: string): number {
	const [head = '', ...rest] = key.split('.');
	const pair = isMap(contents) ? contents.items.find((item) => String(item.key) === head) : undefined;
	const at = (pair?.key as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
	return rest.length > 0 && isMap(pair?.value) ? offsetOf(pair.value, rest.join('.')) : at;
}

function flatten(value: unknown, prefix: string): [string, unknown][] {
	return Object.entries(value as object).flatMap(([key, inner]): [string, unknown][] =>
		isRecord(inner) ? flatten(inner, `${prefix}${key}.`) : [[prefix + key, inner]],
	);
}

const isRecord = (value: unknown): boolean =>
	typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

function gather(entries: readonly [string, unknown][], where: (key: string) => string): FileSettings {
	const values = new Map<string, { text: string; where: string }>();
	const mistakes: string[] = [];
	for (const [key, value] of entries) {
		const text = textOf(value);
		if (!allSettings.has(key))
			mistakes.push(`${where(key)}: unknown setting "${key}"; did you mean "${nearestKey(key)}"?`);
		else if (text === undefined)
			mistakes.push(`${where(key)}: ${key}: is neither text, number, 1 or 0, nor a list of them`);
		else values.set(key, { text, where: where(key) });
	}
	return { values, mistakes };
}

/** A list is what the comma list would be, true is 1: one way of reading for files, variables and flags. */
function textOf(value: unknown): string | undefined {
	if (value === null) return '';
	if (typeof value === 'boolean') return value ? '1' : '0';
	if (typeof value === 'string' || typeof value === 'number') return String(value);
	if (!Array.isArray(value)) return undefined;
	const parts = value.map(textOf);
	return parts.every((part) => part !== undefined) ? parts.join(',') : undefined;
}

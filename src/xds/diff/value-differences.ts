import type { Json, JsonObject } from '../snapshot.ts';

/** One place where two values differ. */
export interface ValueDifference {
	readonly path: readonly string[];
	/** Undefined: it is not there. */
	readonly before: Json | undefined;
	readonly after: Json | undefined;
}

/** Items of lists are found again by their names; whatever else is in a list, by its place. */
export function valueDifferences(
	before: Json | undefined,
	after: Json | undefined,
	path: readonly string[] = [],
): ValueDifference[] {
	if (JSON.stringify(before) === JSON.stringify(after)) return [];
	const [old, now] = [partsOf(before), partsOf(after)];
	if (old === undefined || now === undefined || old.kind !== now.kind) return [{ path, before, after }];
	if (old.kind === 'list' && old.parts.size !== now.parts.size) return [{ path, before, after }];
	const keys = [...new Set([...old.parts.keys(), ...now.parts.keys()])];
	const within = keys.flatMap((key) => valueDifferences(old.parts.get(key), now.parts.get(key), [...path, key]));
	return [...within, ...(old.kind === 'named' ? orderDifference(old.parts, now.parts, path) : [])];
}

interface Parts {
	readonly kind: 'object' | 'named' | 'list';
	readonly parts: ReadonlyMap<string, Json>;
}

function partsOf(value: Json | undefined): Parts | undefined {
	if (typeof value !== 'object') return undefined;
	if (!isList(value)) return { kind: 'object', parts: new Map(Object.entries(value)) };
	if (value.length > 0 && value.every(isNamed)) return { kind: 'named', parts: byName(value) };
	return { kind: value.length === 0 ? 'named' : 'list', parts: new Map(value.map((item, at) => [String(at), item])) };
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const isNamed = (value: Json): value is JsonObject & { readonly name: string } =>
	typeof value === 'object' && typeof (value as JsonObject)['name'] === 'string';

/** The second of a name is `NAME#2`. */
export function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
	const found = new Map<string, T>();
	const counts = new Map<string, number>();
	for (const item of items) {
		const count = (counts.get(item.name) ?? 0) + 1;
		counts.set(item.name, count);
		found.set(count === 1 ? item.name : `${item.name}#${count}`, item);
	}
	return found;
}

/** Those that are on both sides stand in another order. */
function orderDifference(
	old: ReadonlyMap<string, Json>,
	now: ReadonlyMap<string, Json>,
	path: readonly string[],
): ValueDifference[] {
	const before = [...old.keys()].filter((key) => now.has(key));
	const after = [...now.keys()].filter((key) => old.has(key));
	return String(before) === String(after) ? [] : [{ path: [...path, 'order'], before, after }];
}

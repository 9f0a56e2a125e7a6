import type { Json, JsonObject } from './snapshot.ts';

/**
 * Adds parts to a bootstrap: resources and sinks are joined, all else is replaced by the later part. Keys may be written
 * as `static_resources` or `staticResources`; without parts the bootstrap stays as it is.
 */
export const mergeBootstrap = (bootstrap: JsonObject, parts: readonly JsonObject[]): JsonObject =>
	parts.reduce<JsonObject>(
		(whole, part) => ({ ...camelKeys(whole), ...joined(camelKeys(whole), camelKeys(part)) }),
		bootstrap,
	);

export const camelKeys = (part: JsonObject): JsonObject =>
	Object.fromEntries(Object.entries(part).map(([key, value]) => [camelCase(key), value]));

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function joined(whole: JsonObject, part: JsonObject): JsonObject {
	const { statsSinks, staticResources } = part;
	return {
		...part,
		...(statsSinks === undefined ? {} : { statsSinks: [...listOf(whole['statsSinks']), ...listOf(statsSinks)] }),
		...(staticResources === undefined
			? {}
			: { staticResources: joinedLists(objectOf(whole['staticResources']), objectOf(staticResources)) }),
	};
}

const joinedLists = (lists: JsonObject, more: JsonObject): JsonObject => ({
	...lists,
	...Object.fromEntries(Object.entries(more).map(([key, list]) => [key, [...listOf(lists[key]), ...listOf(list)]])),
});

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const objectOf = (value: Json | undefined): JsonObject =>
	typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};

import { createHash } from 'node:crypto';
import { canonicalResource, jsonText, yamlText } from '../mesh/canonical.ts';
import { checkShape, isRecord } from '../mesh/check-shape.ts';
import type { ResourceKey } from '../mesh/resource.ts';
import { list, object, text } from '../mesh/schema/shape.ts';
import type { Metadata, StoredResource, Tag } from './store.ts';

/** As the API bounds them. */
export const tagKey = text({ min: 1, max: 128 });
export const tagList = list(object({ key: tagKey, value: text({ max: 256 }) }, {}), 0, 50);

/**
 * A definition as `aws appmesh describe-…` prints it, with its tags: every reader of definitions takes it, and passes over
 * `metadata` and `tags`.
 */
export function definitionText({ resource, tags, metadata }: StoredResource, isJson: boolean): string {
	const { createdMs, updatedMs, uid, version } = metadata;
	const whole = {
		...canonicalResource(resource),
		metadata: { createdAt: timeText(createdMs), lastUpdatedAt: timeText(updatedMs), uid, version },
		...(tags.length === 0 ? {} : { tags: tags.map(({ key, value }) => ({ key, value })) }),
	};
	return isJson ? jsonText(whole) : yamlText(whole);
}

const timeText = (ms: number): string => new Date(ms).toISOString();

export type Beside = Pick<StoredResource, 'tags' | 'metadata'>;

/** What stands beside the spec. What is missing, or is not as it should be, is made up, always the same. */
export function readBeside(document: Readonly<Record<string, unknown>>, key: ResourceKey, changedMs: number): Beside {
	const given = isRecord(document['metadata']) ? document['metadata'] : {};
	const made = madeUp(key, changedMs);
	const { uid, version } = given;
	return {
		tags: tagsOf(document['tags']),
		metadata: {
			uid: typeof uid === 'string' && uid !== '' ? uid : made.uid,
			version: Number.isSafeInteger(version) && Number(version) > 0 ? Number(version) : made.version,
			createdMs: readTime(given['createdAt']) ?? made.createdMs,
			updatedMs: readTime(given['lastUpdatedAt']) ?? made.updatedMs,
		},
	};
}

const tagsOf = (value: unknown): Tag[] =>
	checkShape(tagList, value).length > 0 ? [] : (value as readonly Tag[]).map(({ key, value }) => ({ key, value }));

/** Of a definition that somebody has written by hand. */
export const madeUp = (key: ResourceKey, changedMs: number): Metadata => ({
	...{ uid: uidOf(key), version: 1 },
	...{ createdMs: changedMs, updatedMs: changedMs },
});

/** The CLI prints seconds since 1970 or, by its settings, ISO 8601. */
function readTime(value: unknown): number | undefined {
	const ms = typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
	return ms >= 0 && ms <= LATEST_MS ? Math.round(ms) : undefined;
}

/** What `Date` can hold (ECMA-262, time values). */
const LATEST_MS = 8_640_000_000_000_000;

function uidOf({ kind, mesh, parent, name }: ResourceKey): string {
	const hex = createHash('sha256')
		.update(JSON.stringify([kind, mesh, parent, name]))
		.digest('hex');
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

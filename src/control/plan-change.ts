import type { Clock } from '../lib/clock.ts';
import { quote } from '../lib/escape.ts';
import { usesOf } from '../mesh/needed.ts';
import type { Mistake, ResourceKey } from '../mesh/resource.ts';
import type { StoredResource, Tag } from '../store/store.ts';
import { firstVersion, nextVersion } from '../store/versions.ts';
import { ApiFailure } from './api-failure.ts';
import { arnOf, type Owner } from './arn.ts';
import { checkInMesh, checkWithout, readResource } from './check-in-mesh.ts';
import type { Input } from './check-input.ts';
import { checkBackendQuota, checkQuota, type Quotas } from './quotas.ts';
import type { View } from './view.ts';

/** What a change comes to: one resource is put or removed. */
export interface Change {
	/** Undefined: it is removed. */
	readonly put: StoredResource | undefined;
	/** As it was; undefined: there was none. */
	readonly former: (StoredResource & { readonly revision: string }) | undefined;
	readonly key: ResourceKey;
	/** What does not hold together afterwards and did before. */
	readonly mistakes: readonly Mistake[];
}

export interface Rules {
	readonly owner: Owner;
	readonly quotas: Quotas;
	readonly clock: Pick<Clock, 'dateMs'>;
}

export function planCreate({ quotas, clock }: Rules, view: View, key: ResourceKey, { spec, tags }: Input): Change {
	view.requireOuter(key);
	if (view.find(key) !== undefined)
		throw new ApiFailure(
			'ConflictException',
			`there is a ${key.kind} ${quote(key.name)} already`,
			'update it, or take another name',
		);
	const resource = readResource(key, spec);
	checkQuota(quotas, view, resource);
	checkBackendQuota(quotas, resource);
	const mistakes = checkInMesh(view, resource);
	const put = { resource, tags: withTags([], tags), metadata: firstVersion(clock.dateMs()) };
	return { put, former: undefined, key, mistakes };
}

export function planUpdate({ quotas, clock }: Rules, view: View, key: ResourceKey, { spec }: Input): Change {
	const former = view.get(key);
	const resource = readResource(key, spec);
	checkBackendQuota(quotas, resource);
	const mistakes = checkInMesh(view, resource);
	const { tags, metadata } = former;
	return { put: { resource, tags, metadata: nextVersion(metadata, clock.dateMs()) }, former, key, mistakes };
}

/** How many are named in a message. */
const NAMED_USES = 5;

export function planDelete(view: View, key: ResourceKey): Change {
	const former = view.get(key);
	const uses = usesOf(view.resourcesOf(key.mesh), key);
	if (uses.length === 0) return { put: undefined, former, key, mistakes: checkWithout(view, former.resource) };
	const more = uses.length > NAMED_USES ? ` and ${uses.length - NAMED_USES} more` : '';
	const by = `${uses.slice(0, NAMED_USES).join(', ')}${more}`;
	throw new ApiFailure(
		'ResourceInUseException',
		`${key.kind} ${quote(key.name)} is in use by ${by}`,
		'delete or change these first',
	);
}

const MOST_TAGS = 50;

export function planTags({ owner }: Rules, view: View, arn: string, change: (tags: readonly Tag[]) => Tag[]): Change {
	const former = findByArn(owner, view, arn);
	const tags = change(former.tags);
	if (tags.length > MOST_TAGS)
		throw new ApiFailure(
			'TooManyTagsException',
			`it would have ${tags.length} tags`,
			`${MOST_TAGS} are allowed; none was added`,
		);
	const { resource, metadata } = former;
	return { put: { resource, tags, metadata }, former, key: resource, mistakes: [] };
}

/** The later ones count where a key stands twice. */
export const withTags = (tags: readonly Tag[], more: readonly Tag[]): Tag[] => [
	...new Map([...tags, ...more].map((tag) => [tag.key, tag])).values(),
];

export function findByArn(owner: Owner, view: View, arn: string) {
	const found = view.entries.find(({ resource }) => arnOf(owner, resource) === arn);
	if (found !== undefined) return found;
	const first = view.entries[0];
	const hint =
		first === undefined ? 'there are no resources yet' : `ARNs are written like ${arnOf(owner, first.resource)}`;
	throw new ApiFailure('NotFoundException', `nothing has the ARN ${quote(arn)}`, hint);
}

import type { ResourceKey } from '../mesh/resource.ts';
import { nameKey, parentOf } from '../mesh/schema/kinds.ts';
import type { StoredResource } from '../store/store.ts';
import { arnOf, type Owner } from './arn.ts';
import type { HistoryEvent } from './history.ts';

type Reply = Readonly<Record<string, unknown>>;

/** What `describe-…` and its like print of a resource. */
export const describedAs = (owner: Owner, stored: StoredResource, status: 'ACTIVE' | 'DELETED'): Reply => {
	const { metadata, resource } = stored;
	return {
		...namesOf(resource),
		metadata: { ...listedFacts(owner, stored), uid: metadata.uid },
		spec: resource.spec,
		status: { status },
	};
};

/** With its tags, which `describe-…` leaves to `list-tags-for-resource`. As JSON: what it is made of may be changed later. */
export const recordedAs = (owner: Owner, stored: StoredResource): HistoryEvent['before'] =>
	JSON.parse(
		JSON.stringify({
			...describedAs(owner, stored, 'ACTIVE'),
			...(stored.tags.length === 0 ? {} : { tags: stored.tags }),
		}),
	);

/** What `list-…` prints of one. */
export const listedAs = (owner: Owner, stored: StoredResource): Reply => ({
	...namesOf(stored.resource),
	...listedFacts(owner, stored),
});

/** Times are seconds since 1970. */
const listedFacts = (owner: Owner, { resource, metadata }: StoredResource) => ({
	arn: arnOf(owner, resource),
	createdAt: metadata.createdMs / 1_000,
	lastUpdatedAt: metadata.updatedMs / 1_000,
	...{ meshOwner: owner.account, resourceOwner: owner.account },
	version: metadata.version,
});

function namesOf({ kind, mesh, parent, name }: ResourceKey): Reply {
	const outer = parentOf[kind];
	return {
		meshName: mesh,
		...(outer === undefined ? {} : { [nameKey(outer)]: parent }),
		...(kind === 'mesh' ? {} : { [nameKey(kind)]: name }),
	};
}

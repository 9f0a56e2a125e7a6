import { canonicalResource } from '../mesh/canonical.ts';
import { inOrderOfNeed } from '../mesh/order.ts';
import { keyText, type Resource } from '../mesh/resource.ts';
import type { Entry } from './store.ts';

export interface Put {
	readonly resource: Resource;
	/** Undefined: it is made. */
	readonly former: Entry | undefined;
}

export interface ImportPlan {
	/** In the order in which it can be done. */
	readonly puts: readonly Put[];
	/** How many are there as they are wanted. */
	readonly unchanged: number;
	/** What the same meshes have beside, in the order in which it can be deleted. Never a mesh itself. */
	readonly left: readonly Entry[];
}

/** What is to be done so that a store has these resources. What is there as it is wanted is left alone: it can be done again. */
export function planImport(wanted: readonly Resource[], entries: readonly Entry[]): ImportPlan {
	const there = new Map(entries.map((entry) => [keyText(entry.resource), entry]));
	const keys = new Set(wanted.map(keyText));
	const meshes = new Set(wanted.map(({ mesh }) => mesh));
	const puts = inOrderOfNeed(wanted)
		.map((resource): Put => ({ resource, former: there.get(keyText(resource)) }))
		.filter(({ resource, former }) => former === undefined || !isSame(resource, former.resource));
	const beside = entries
		.map(({ resource }) => resource)
		.filter((each) => each.kind !== 'mesh' && meshes.has(each.mesh) && !keys.has(keyText(each)));
	return {
		puts,
		unchanged: wanted.length - puts.length,
		left: inOrderOfNeed(beside)
			.toReversed()
			.flatMap((each) => there.get(keyText(each)) ?? []),
	};
}

const isSame = (a: Resource, b: Resource): boolean =>
	JSON.stringify(canonicalResource(a)) === JSON.stringify(canonicalResource(b));

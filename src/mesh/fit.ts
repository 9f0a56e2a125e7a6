import { type Catalog, createCatalog } from './catalog.ts';
import { misfitsOf } from './load-mesh.ts';
import { mistakeLine } from './mistake-line.ts';
import { neededBy } from './needed.ts';
import { dangling } from './reference.ts';
import type { Mistake, Resource } from './resource.ts';

/** How a resource fits the others of its mesh. */
export interface Fit {
	/** What it needs, and nothing is called. */
	readonly missing: readonly Mistake[];
	/** What else does not fit of itself. */
	readonly own: readonly Mistake[];
	/** What others then do not fit: a change of several resources has to begin with one. */
	readonly others: readonly Mistake[];
}

/** `others`: all of its mesh but itself, and in other files; `former`: as it was. */
export function fitOf(others: readonly Resource[], resource: Resource, former: Resource | undefined): Fit {
	const after = createCatalog(resource.mesh, [...others, resource]);
	const missing = neededBy(resource).flatMap((needed) => dangling(after, { from: resource, ...needed }));
	if (missing.length > 0) return { missing, own: [], others: [] };
	const found = misfitsOf(after);
	const { file } = resource.placeOf('');
	const own = found.filter((each) => each.file === file && !each.path.startsWith('spec.backends['));
	if (own.length > 0) return { missing, own, others: [] };
	const before = former === undefined ? others : [...others, former];
	return { missing, own, others: newMisfits(createCatalog(resource.mesh, before), found) };
}

/** What others miss once it is gone. */
export const fitWithout = (others: readonly Resource[], former: Resource): Mistake[] =>
	newMisfits(createCatalog(former.mesh, [...others, former]), misfitsOf(createCatalog(former.mesh, others)));

/** What was not wrong before. */
function newMisfits(before: Catalog, after: readonly Mistake[]): Mistake[] {
	if (after.length === 0) return [];
	const known = new Set(misfitsOf(before).map(mistakeLine));
	return after.filter((each) => !known.has(mistakeLine(each)));
}

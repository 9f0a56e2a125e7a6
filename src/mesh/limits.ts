import type { Catalog } from './catalog.ts';
import { mistakeAt } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

interface Limit {
	/** By the guide of 2019. */
	readonly first: number;
	/** From 2019-10-30 on. AWS could raise it. */
	readonly later: number;
}

const PER_MESH = {
	virtualService: { first: 200, later: 200 },
	virtualNode: { first: 20, later: 200 },
	virtualRouter: { first: 20, later: 200 },
} as const satisfies Partial<Record<Kind, Limit>>;
const ROUTES: Limit = { first: 20, later: 50 };
const BACKENDS: Limit = { first: 50, later: 50 };
const MESHES: Limit = { first: 15, later: 15 };

/** What App Mesh allowed at the end, by the names of its service quotas. */
export const laterLimits = {
	meshes: MESHES.later,
	virtualServices: PER_MESH.virtualService.later,
	virtualNodes: PER_MESH.virtualNode.later,
	virtualRouters: PER_MESH.virtualRouter.later,
	routesPerVirtualRouter: ROUTES.later,
	backendsPerVirtualNode: BACKENDS.later,
} as const;

/** What App Mesh would not have taken. Nothing here ends at these limits. */
export const limitWarnings = (catalog: Catalog): Mistake[] => [
	...(['virtualService', 'virtualNode', 'virtualRouter'] as const).flatMap((kind) => {
		const all = catalog.all(kind);
		return over(all[PER_MESH[kind].first], [], `the mesh has ${all.length} of ${kind}`, PER_MESH[kind]);
	}),
	...catalog.all('virtualRouter').flatMap((router) => {
		const { length } = catalog.routesOf(router.name);
		return length > ROUTES.first ? over(router, [], `it has ${length} routes`, ROUTES) : [];
	}),
	...catalog.all('virtualNode').flatMap((node) => {
		const { length } = node.spec.backends ?? [];
		return length > BACKENDS.first ? over(node, ['spec', 'backends'], `it has ${length} backends`, BACKENDS) : [];
	}),
];

/** Told at the first resource that is too many. */
function over(
	resource: ResourceOf<Kind> | undefined,
	path: readonly string[],
	why: string,
	{ first, later }: Limit,
): Mistake[] {
	if (resource === undefined) return [];
	const hint =
		first === later ? `App Mesh allowed ${first}` : `App Mesh allowed ${first}, and ${later} from 2019-10-30 on`;
	return [mistakeAt(resource, path, why, hint)];
}

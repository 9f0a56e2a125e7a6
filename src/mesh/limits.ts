import type { Catalog } from './catalog.ts';
import { mistakeAt } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

/** AWS's default limits of 2019-10-30. They could be raised, and nothing here ends at them. */
const PER_MESH = { virtualService: 200, virtualNode: 200, virtualRouter: 200 } as const;
const ROUTES = 50;
const BACKENDS = 50;

export const limitWarnings = (catalog: Catalog): Mistake[] => [
	...(['virtualService', 'virtualNode', 'virtualRouter'] as const).flatMap((kind) => {
		const all = catalog.all(kind);
		return over(all[PER_MESH[kind]], [], `the mesh has ${all.length} of ${kind}`, PER_MESH[kind]);
	}),
	...catalog.all('virtualRouter').flatMap((router) => {
		const { length } = catalog.routesOf(router.name);
		return length > ROUTES ? over(router, [], `it has ${length} routes`, ROUTES) : [];
	}),
	...catalog.all('virtualNode').flatMap((node) => {
		const { length } = node.spec.backends ?? [];
		return length > BACKENDS ? over(node, ['spec', 'backends'], `it has ${length} backends`, BACKENDS) : [];
	}),
];

const over = (
	resource: ResourceOf<Kind> | undefined,
	path: readonly string[],
	why: string,
	limit: number,
): Mistake[] =>
	resource === undefined ? [] : [mistakeAt(resource, path, why, `App Mesh allowed ${limit} unless AWS had raised it`)];

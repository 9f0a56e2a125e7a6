import type { ResourceKey } from './resource.ts';
import { parentOf } from './schema/kinds.ts';

/** The end of its ARN: `mesh/MESH/virtualRouter/ROUTER/route/NAME`. */
export function resourceId({ kind, mesh, parent, name }: ResourceKey): string {
	const outer = parentOf[kind];
	const own = kind === 'mesh' ? '' : `/${kind}/${name}`;
	return `mesh/${mesh}${outer === undefined ? '' : `/${outer}/${parent}`}${own}`;
}

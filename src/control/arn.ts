import { parentOf } from '../mesh/schema/kinds.ts';
import type { Key } from '../store/store.ts';

/** Whose the meshes are said to be. AWS's tools ask for both in every name. */
export interface Owner {
	/** Twelve digits. */
	readonly account: string;
	readonly region: string;
}

export function arnOf({ account, region }: Owner, { kind, mesh, parent, name }: Key): string {
	const outer = parentOf[kind];
	const own = kind === 'mesh' ? '' : `/${kind}/${name}`;
	return `arn:aws:appmesh:${region}:${account}:mesh/${mesh}${outer === undefined ? '' : `/${outer}/${parent}`}${own}`;
}

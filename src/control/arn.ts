import { resourceId } from '../mesh/resource-id.ts';
import type { Key } from '../store/store.ts';

/** Whose the meshes are said to be. AWS's tools ask for both in every name. */
export interface Owner {
	/** Twelve digits. */
	readonly account: string;
	readonly region: string;
}

export const arnOf = ({ account, region }: Owner, key: Key): string =>
	`arn:aws:appmesh:${region}:${account}:${resourceId(key)}`;

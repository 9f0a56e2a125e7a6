import type { ResourceKey } from '../mesh/resource.ts';
import { resourceId } from '../mesh/resource-id.ts';

/** Whose the meshes are said to be. AWS's tools ask for both in every name. */
export interface Owner {
	/** Twelve digits. */
	readonly account: string;
	readonly region: string;
}

export const arnOf = ({ account, region }: Owner, key: ResourceKey): string =>
	`arn:aws:appmesh:${region}:${account}:${resourceId(key)}`;

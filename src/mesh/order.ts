import type { ResourceKey } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

/** What others need comes first: a route's router and its targets, a service's provider, a gateway route's service. */
const order: readonly Kind[] = [
	...(['mesh', 'virtualNode', 'virtualRouter', 'route', 'virtualService', 'virtualGateway', 'gatewayRoute'] as const),
];

/** In which resources can be made one after the other; the other way round they can be deleted. */
export const inOrderOfNeed = <T extends Pick<ResourceKey, 'kind'>>(resources: readonly T[]): T[] =>
	resources.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));

import { operations } from '../operations.ts';

/** All that a policy can allow: each operation of the API, and what an Envoy does that asks for its configuration. */
export const actions: readonly string[] = [...operations, { name: 'StreamAggregatedResources' }].map(
	({ name }) => `appmesh:${name}`,
);

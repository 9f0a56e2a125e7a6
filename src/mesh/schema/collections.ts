import type { Kind } from './kinds.ts';

/** Below this path the API of 2019-01-25 has its resources. */
export const API = '/v20190125';

/** Those of a route and a gateway route are below one resource, which the API names in the singular there. */
export const collections: Readonly<Record<Kind, string>> = {
	mesh: `${API}/meshes`,
	virtualService: `${API}/meshes/{meshName}/virtualServices`,
	virtualNode: `${API}/meshes/{meshName}/virtualNodes`,
	virtualRouter: `${API}/meshes/{meshName}/virtualRouters`,
	route: `${API}/meshes/{meshName}/virtualRouter/{virtualRouterName}/routes`,
	virtualGateway: `${API}/meshes/{meshName}/virtualGateways`,
	gatewayRoute: `${API}/meshes/{meshName}/virtualGateway/{virtualGatewayName}/gatewayRoutes`,
};

/** What `list-…` calls them. */
export const pluralOf = (kind: Kind): string => (kind === 'mesh' ? 'meshes' : `${kind}s`);

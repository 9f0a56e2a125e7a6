import type { Kind } from '../mesh/schema/kinds.ts';

/** What an editor of a new one begins with: most is left to be said by whoever makes it. */
export const newSpecs: Readonly<Record<Kind, object>> = {
	mesh: { egressFilter: { type: 'DROP_ALL' } },
	virtualService: { provider: { virtualRouter: { virtualRouterName: '' } } },
	virtualNode: {
		listeners: [{ portMapping: { port: 80, protocol: 'http' } }],
		serviceDiscovery: { dns: { hostname: '' } },
	},
	virtualRouter: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] },
	route: {
		httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode: '', weight: 100 }] } },
	},
	virtualGateway: { listeners: [{ portMapping: { port: 8080, protocol: 'http' } }] },
	gatewayRoute: {
		httpRoute: {
			match: { prefix: '/' },
			action: { target: { virtualService: { virtualServiceName: '' } } },
		},
	},
};

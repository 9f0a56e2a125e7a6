import { ipPreference, name, port, protocol } from './common.ts';
import { routeSpec } from './route.ts';
import { list, object, oneOf, type Shape, text, union, type Value } from './shape.ts';
import { gatewayRouteSpec, virtualGatewaySpec } from './virtual-gateway.ts';
import { virtualNodeSpec } from './virtual-node.ts';

const meshSpec = object(
	{},
	{
		egressFilter: object({ type: oneOf('ALLOW_ALL', 'DROP_ALL') }, {}),
		serviceDiscovery: object({}, { ipPreference }),
	},
);

const virtualServiceSpec = object(
	{},
	{
		provider: union({
			virtualNode: object({ virtualNodeName: name }, {}),
			virtualRouter: object({ virtualRouterName: name }, {}),
		}),
	},
);

const virtualRouterSpec = object({}, { listeners: list(object({ portMapping: object({ port, protocol }, {}) }, {})) });

/** By the name that the API, CLI and `describe` output give each kind. */
export const kinds = {
	mesh: meshSpec,
	virtualService: virtualServiceSpec,
	virtualNode: virtualNodeSpec,
	virtualRouter: virtualRouterSpec,
	route: routeSpec,
	virtualGateway: virtualGatewaySpec,
	gatewayRoute: gatewayRouteSpec,
} as const satisfies Readonly<Record<string, Shape>>;

export type Kind = keyof typeof kinds;
export type Spec<K extends Kind> = Value<(typeof kinds)[K]>;

/** The key that holds each kind's own name, such as `virtualNodeName`. */
export const nameKey = (kind: Kind): `${Kind}Name` => `${kind}Name`;

/** What a kind's name is unique in, beside its mesh. */
export const parentOf: Readonly<Partial<Record<Kind, Kind>>> = {
	route: 'virtualRouter',
	gatewayRoute: 'virtualGateway',
};

/** A virtual service's name is a host name of any length; all others are bounded. */
export const nameShape = (kind: Kind): Shape => (kind === 'virtualService' ? text({ min: 1 }) : name);

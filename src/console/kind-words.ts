import type { Kind } from '../mesh/schema/kinds.ts';

/** What people call each kind. */
export const kindWords: Readonly<Record<Kind, { readonly one: string; readonly many: string }>> = {
	mesh: { one: 'mesh', many: 'meshes' },
	virtualService: { one: 'virtual service', many: 'virtual services' },
	virtualNode: { one: 'virtual node', many: 'virtual nodes' },
	virtualRouter: { one: 'virtual router', many: 'virtual routers' },
	route: { one: 'route', many: 'routes' },
	virtualGateway: { one: 'virtual gateway', many: 'virtual gateways' },
	gatewayRoute: { one: 'gateway route', many: 'gateway routes' },
};

export const capital = (text: string): string => text.replace(/^./, (letter) => letter.toUpperCase());

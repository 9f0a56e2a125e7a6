import { isIpLiteral } from '../values/ip-literal.ts';
import type { Catalog } from './catalog.ts';
import { type Backend, backendsOf } from './resolve-backends.ts';
import type { CalledPort } from './service-ports.ts';

/**
 * The addresses that clients of a service connect to, where they are known: its name is one, or those of all its targets are.
 * None: only DNS knows them.
 */
export function addressesOf({ service, routes }: Backend): string[] {
	if (isIpLiteral(service)) return [service];
	const targets = routes.flatMap((route) => route.targets);
	const hosts = [...new Set(targets.map(({ node }) => node.spec.serviceDiscovery?.dns?.hostname ?? ''))];
	return hosts.every((host) => isIpLiteral(host)) ? hosts : [];
}

/** The same of a service that is called on a port. */
export function addressesAt(catalog: Catalog, { service, port }: CalledPort): string[] {
	const backend = backendsOf(catalog, service, undefined).find((each) => each.port === port);
	return backend === undefined ? [] : addressesOf(backend);
}

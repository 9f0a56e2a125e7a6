import { isIP } from 'node:net';
import type { Backend } from './resolve-backends.ts';

/**
 * The addresses that clients of a service connect to, where they are known: its name is one, or those of all its targets are.
 * None: only DNS knows them.
 */
export function addressesOf({ service, routes }: Backend): string[] {
	if (isIP(service) > 0) return [service];
	const targets = routes.flatMap((route) => route.targets);
	const hosts = [...new Set(targets.map(({ node }) => node.spec.serviceDiscovery?.dns?.hostname ?? ''))];
	return hosts.every((host) => isIP(host) > 0) ? hosts : [];
}

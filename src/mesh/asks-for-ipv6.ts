import type { Catalog } from './catalog.ts';
import type { ProxyName } from './proxy-name.ts';

/**
 * Whether an Envoy is to be called over IPv6 too, as far as the definitions say: App Mesh's listened there once its node or
 * its mesh had a preference for either family. Not with IPv4_ONLY, as such a host may have no IPv6 to listen on.
 */
export function asksForIpv6(catalog: Catalog | undefined, { kind, name }: ProxyName): boolean {
	const own = kind === 'virtualNode' ? catalog?.get(kind, name)?.spec.serviceDiscovery?.dns?.ipPreference : undefined;
	const ofMesh = catalog?.get('mesh', catalog.mesh)?.spec.serviceDiscovery?.ipPreference;
	const preference = own ?? ofMesh;
	return preference !== undefined && preference !== 'IPv4_ONLY';
}

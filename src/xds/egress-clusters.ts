import { isIP } from 'node:net';
import type { Backend, EgressView, IpPreference, Target } from '../mesh/resolve-backends.ts';
import { egressCluster } from './app-mesh-names.ts';
import { unlimited } from './circuit-breakers.ts';
import { checkedPortOf, healthCheckOf, outliersOf } from './health-checks.ts';
import { http2Where } from './http2.ts';
import { type Cluster, endpoints, type JsonObject } from './snapshot.ts';
import { upstreamTls } from './tls.ts';

/** The virtual nodes that are sent to. */
export interface EgressClusters {
	readonly resources: readonly Cluster[];
	readonly nameOf: (backend: Backend, target: Target) => string;
}

/**
 * One for each listener of a target. Where client policies of two services differ for the same target, there is one for each
 * of them; the first has App Mesh's name.
 */
export function egressClusters(view: EgressView): EgressClusters {
	const found = new Map<string, Map<string, Cluster>>();
	const nameOf = (backend: Backend, target: Target): string => {
		const tls = upstreamTls(backend.tls, target);
		const base = egressCluster(view.mesh, target.node.name, target.listener);
		const variants = found.get(base) ?? new Map<string, Cluster>();
		found.set(base, variants);
		const key = tls === undefined ? '' : JSON.stringify(tls);
		const name = variants.get(key)?.name ?? (variants.size === 0 ? base : `${base}_${backend.service}`);
		if (!variants.has(key)) variants.set(key, clusterOf(view, target, { name, tls }));
		return name;
	};
	for (const backend of view.backends)
		for (const { targets } of backend.routes) for (const target of targets) nameOf(backend, target);
	return { nameOf, resources: [...found.values()].flatMap((variants) => [...variants.values()]) };
}

interface Own {
	readonly name: string;
	readonly tls: JsonObject | undefined;
}

function clusterOf({ ipPreference }: EgressView, { node, listener }: Target, { name, tls }: Own): Cluster {
	const { hostname = '', responseType, ipPreference: own } = node.spec.serviceDiscovery?.dns ?? {};
	// With a dot at its end, as AWS sent it, Envoy's resolver would not look into /etc/hosts.
	const host = hostname.replace(/\.$/, '');
	return {
		...{ name, connectTimeout: '1s' },
		...(isIP(host) > 0 ? { type: 'STATIC' } : byDns(responseType, own ?? ipPreference)),
		...unlimited,
		...healthCheckOf(listener, host),
		...outliersOf(listener),
		...http2Where(listener.portMapping.protocol),
		...(tls === undefined ? {} : { transportSocket: tls }),
		loadAssignment: endpoints(name, host, listener.portMapping.port, checkedPortOf(listener)),
	};
}

/** `LOADBALANCER`: one address at a time; `ENDPOINTS`: all that the name has. */
function byDns(responseType: 'LOADBALANCER' | 'ENDPOINTS' = 'LOADBALANCER', preference?: IpPreference): JsonObject {
	const family = preference === undefined ? undefined : FAMILIES[preference];
	return {
		type: responseType === 'ENDPOINTS' ? 'STRICT_DNS' : 'LOGICAL_DNS',
		...(family === undefined ? {} : { dnsLookupFamily: family }),
	};
}

/** Undefined: `AUTO`, Envoy's own, which prefers IPv6. */
const FAMILIES: Readonly<Record<IpPreference, string | undefined>> = {
	IPv6_PREFERRED: undefined,
	IPv4_PREFERRED: 'V4_PREFERRED',
	IPv4_ONLY: 'V4_ONLY',
	IPv6_ONLY: 'V6_ONLY',
};

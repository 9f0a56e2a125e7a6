/** Finds listeners that forward to the original destination without learning it, in Envoy's dump of its bootstrap. */

const LISTENER_PARTS = [
	...['address', 'additional_addresses', 'listener_filters', 'use_original_dst'],
	...['filter_chains', 'default_filter_chain'],
];

export const STATIC_LISTENERS = `/config_dump?resource=static_listeners&mask=${LISTENER_PARTS.map((part) => `listener.${part}`).join(',')}`;
const CLUSTER_PARTS = ['name', 'type', 'cluster_type', 'original_dst_lb_config', 'load_assignment'];
export const STATIC_CLUSTERS = `/config_dump?resource=static_clusters&mask=${CLUSTER_PARTS.map((part) => `cluster.${part}`).join(',')}`;

interface Dump<T> {
	readonly configs?: readonly T[];
}
export type ListenersDump = Dump<{ readonly listener?: StaticListener }>;
export type ClustersDump = Dump<{ readonly cluster?: StaticCluster }>;

interface StaticCluster {
	readonly name?: string;
	/** STATIC by default. */
	readonly type?: string;
	readonly cluster_type?: unknown;
	readonly original_dst_lb_config?: unknown;
	readonly load_assignment?: unknown;
}

interface StaticListener {
	readonly address?: unknown;
	readonly additional_addresses?: unknown;
	readonly listener_filters?: unknown;
	readonly use_original_dst?: boolean;
	readonly filter_chains?: readonly unknown[];
	readonly default_filter_chain?: unknown;
}

/**
 * Their ports. Only certain cases: every connection to them fails, as each of their filter chains leads to a cluster of
 * type ORIGINAL_DST, which gets no host from elsewhere, or to one without hosts.
 */
export function blindPorts(listeners: ListenersDump, clusters: ClustersDump): number[] {
	const all = (clusters.configs ?? []).flatMap(({ cluster }) => cluster ?? []);
	const lost = all.filter((cluster) => isOnward(cluster) || isEmpty(cluster)).map(({ name = '' }) => name);
	return (listeners.configs ?? []).flatMap(({ listener }) =>
		listener !== undefined && isBlind(listener, lost)
			? valuesOf([listener.address, listener.additional_addresses], 'port_value').map(Number)
			: [],
	);
}

const isOnward = ({ type, original_dst_lb_config }: StaticCluster): boolean =>
	type === 'ORIGINAL_DST' && original_dst_lb_config === undefined;

const isEmpty = ({ type = 'STATIC', cluster_type, load_assignment }: StaticCluster): boolean =>
	type === 'STATIC' && cluster_type === undefined && valuesOf(load_assignment, 'endpoint').length === 0;

function isBlind(listener: StaticListener, lost: readonly string[]): boolean {
	const { filter_chains = [], default_filter_chain, use_original_dst = false } = listener;
	const types = valuesOf(listener.listener_filters, '@type').map(String);
	if (use_original_dst || types.some((type) => !KNOWN_OTHERS.test(type))) return false;
	const chains = [...filter_chains, ...(default_filter_chain === undefined ? [] : [default_filter_chain])];
	return chains.length > 0 && chains.every((chain) => leadsOnlyTo(chain, lost));
}

/** Listener filters known not to restore the original destination. */
const KNOWN_OTHERS = /\.listener\.(tls_inspector|http_inspector)\.v3\./;

/** With tcp_proxy as the only filter: others may set a destination, or answer themselves. */
function leadsOnlyTo(chain: unknown, clusters: readonly string[]): boolean {
	const { filters = [] } = chain as { readonly filters?: readonly { readonly typed_config?: TcpProxy }[] };
	const [{ typed_config } = {}, ...others] = filters;
	const { '@type': type = '', cluster } = typed_config ?? {};
	return others.length === 0 && /\.tcp_proxy\.v3\./.test(type) && cluster !== undefined && clusters.includes(cluster);
}

interface TcpProxy {
	readonly '@type'?: string;
	readonly cluster?: string;
}

/** The values of all fields of this name, at any depth. */
function valuesOf(part: unknown, name: string): unknown[] {
	if (typeof part !== 'object' || part === null) return [];
	return Object.entries(part).flatMap(([key, value]) => [...(key === name ? [value] : []), ...valuesOf(value, name)]);
}

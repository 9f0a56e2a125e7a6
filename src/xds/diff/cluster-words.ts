import type { Json, JsonObject } from '../snapshot.ts';

/** `serviceB:80` of `cds_egress_MESH_serviceB_http_80`: a virtual node and its port. Others keep Envoy's name. */
export function targetName(mesh: string, cluster: string): string {
	const base = `cds_egress_${mesh}_`;
	const [, node, port] = /^(.+)_(?:http2?|grpc|tcp)_(\d+)/.exec(cluster.slice(base.length)) ?? [];
	return !cluster.startsWith(base) || node === undefined ? cluster : `${node}:${port}`;
}

/** What a cluster stands for. */
export function clusterWords(mesh: string, cluster: string): string {
	const target = targetName(mesh, cluster);
	if (target !== cluster) return `target ${target}`;
	return cluster.startsWith(`cds_ingress_${mesh}_`) ? `application, cluster ${cluster}` : `cluster ${cluster}`;
}

/** Each cluster that a route or a filter sends to, with its weight; alone it has all. */
export function weightsOf({ weightedClusters, cluster }: JsonObject): ReadonlyMap<string, number> {
	if (typeof cluster === 'string') return new Map([[cluster, 1]]);
	const { clusters = [] } = (weightedClusters ?? {}) as { readonly clusters?: readonly WeightedCluster[] };
	return new Map(clusters.map(({ name, weight }) => [name, weight]));
}

interface WeightedCluster {
	readonly name: string;
	readonly weight: number;
}

/** `serviceB:80 90 → 50, serviceBv2:80 10 → 50`; '' where they are the same. */
export function weightsText(
	mesh: string,
	before: ReadonlyMap<string, number>,
	after: ReadonlyMap<string, number>,
): string {
	const clusters = [...new Set([...before.keys(), ...after.keys()])];
	const changed = clusters.filter((cluster) => before.get(cluster) !== after.get(cluster));
	const weight = (of: ReadonlyMap<string, number>, cluster: string) => of.get(cluster) ?? 'none';
	return changed
		.map((cluster) => `${targetName(mesh, cluster)} ${weight(before, cluster)} → ${weight(after, cluster)}`)
		.join(', ');
}

/** `serviceB:80 90, serviceBv2:80 10`. */
export const weightsShown = (mesh: string, weights: ReadonlyMap<string, number>): string =>
	weights.size === 1
		? [...weights.keys()].map((cluster) => targetName(mesh, cluster)).join()
		: [...weights].map(([cluster, weight]) => `${targetName(mesh, cluster)} ${weight}`).join(', ');

/** Which requests a route takes, in a few words. */
export function matchWords({ prefix, path, safeRegex, headers = [], queryParameters = [] }: JsonObject): string {
	const regex = (safeRegex as JsonObject | undefined)?.['regex'];
	const names = (of: Json) => (of as readonly JsonObject[]).map(({ name }) => String(name));
	const place = [
		...(prefix === undefined ? [] : [`prefix ${prefix}`]),
		...(path === undefined ? [] : [`path ${path}`]),
		...(regex === undefined ? [] : [`regex ${regex}`]),
	];
	return [
		...place,
		...names(headers).map((name) => `header ${name}`),
		...names(queryParameters).map((name) => `query ${name}`),
	].join(', ');
}

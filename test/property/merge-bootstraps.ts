// PURE. Many static bootstraps as one, so that a single Envoy validates them all: its start takes longer than what it checks.
import type { Json, JsonObject } from '../../src/xds/snapshot.ts';

interface Bootstrap extends JsonObject {
	readonly staticResources: { readonly clusters: readonly JsonObject[]; readonly listeners: readonly JsonObject[] };
}

/** Clusters get names of their own, listeners addresses; all else stays what it is. */
export function mergeBootstraps(bootstraps: readonly JsonObject[]): JsonObject {
	const parts = (bootstraps as readonly Bootstrap[]).map(({ staticResources }, at) => ({
		clusters: staticResources.clusters.map((cluster) => apart({ ...cluster, cluster: cluster['name'] ?? '' }, at)),
		listeners: staticResources.listeners.map((listener) => ({ ...apart(listener, at), ...addressesOf(listener, at) })),
	}));
	return {
		...bootstraps[0],
		staticResources: {
			clusters: parts.flatMap(({ clusters }) =>
				clusters.map(({ cluster = '', ...rest }) => ({ ...rest, name: cluster })),
			),
			listeners: parts.flatMap(({ listeners }) => listeners),
		},
	};
}

/** Wherever a cluster is named. One that is missed leads nowhere, which Envoy tells. */
function apart(value: JsonObject, at: number): JsonObject {
	const entries = Object.entries(value).map(([key, inner]): [string, Json] => {
		if ((key === 'cluster' || key === 'clusterName') && typeof inner === 'string') return [key, `${at}_${inner}`];
		if (key === 'weightedClusters') return [key, { clusters: namesApart((inner as JsonObject)['clusters'], at) }];
		return [key, inside(inner, at)];
	});
	return Object.fromEntries(entries);
}

function inside(value: Json, at: number): Json {
	if (Array.isArray(value)) return value.map((item: Json) => inside(item, at));
	return typeof value === 'object' ? apart(value as JsonObject, at) : value;
}

const namesApart = (clusters: Json | undefined, at: number): Json =>
	(clusters as readonly JsonObject[]).map(({ name = '', ...rest }) => ({ ...rest, name: `${at}_${name}` }));

/** Each bootstrap has a host of its own, so to say. */
function addressesOf({ name = '', address, additionalAddresses = [] }: JsonObject, at: number): JsonObject {
	const own = (of: Json | undefined): JsonObject => {
		const { socketAddress } = of as {
			readonly socketAddress: { readonly address: string; readonly portValue: number };
		};
		const host = socketAddress.address.includes(':') ? `fd00::${at.toString(16)}` : `127.1.${at >> 8}.${at & 0xff}`;
		return { socketAddress: { ...socketAddress, address: host } };
	};
	const more = (additionalAddresses as readonly JsonObject[]).map((each) => ({ address: own(each['address']) }));
	return { name: `${at}_${name}`, address: own(address), additionalAddresses: more };
}

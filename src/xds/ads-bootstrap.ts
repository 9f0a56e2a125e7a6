import { bootstrapBase, grpcCluster, type Identity } from './bootstrap-base.ts';
import { fromAds, type JsonObject, overGrpc } from './snapshot.ts';

export interface AdsSource extends Identity {
	/** Where the daemon serves ADS: mode 0600, Envoy's user's own. */
	readonly socketPath: string;
	/** How long the start waits for the first configuration; `0s`: until it is there. */
	readonly initialFetchTimeout: string;
}

export const ADS_CLUSTER = 'turnout_xds';

/** An Envoy that asks for everything over one stream on a unix socket. */
export const adsBootstrap = (source: AdsSource): JsonObject =>
	bootstrapByAds(source, grpcCluster(ADS_CLUSTER, source.socketPath, keepAlive));

/** `server`: a cluster called `ADS_CLUSTER`. */
export function bootstrapByAds(
	source: Pick<AdsSource, 'initialFetchTimeout' | keyof Identity>,
	server: JsonObject,
): JsonObject {
	const { initialFetchTimeout } = source;
	return {
		...bootstrapBase(source),
		staticResources: { clusters: [server] },
		dynamicResources: {
			...{ ldsConfig: { ...fromAds, initialFetchTimeout }, cdsConfig: { ...fromAds, initialFetchTimeout } },
			adsConfig: { ...overGrpc(ADS_CLUSTER), setNodeOnFirstMessageOnly: true },
		},
	};
}

/** A server that hangs is noticed, and one that was restarted is found again. */
export const keepAlive = { connectionKeepalive: { interval: '10s', timeout: '5s' } };

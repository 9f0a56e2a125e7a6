import { bootstrapBase, grpcCluster, type Identity } from './bootstrap-base.ts';
import { fromAds, type JsonObject, overGrpc } from './snapshot.ts';

export interface AdsSource extends Identity {
	/** Where the daemon serves ADS: mode 0600, Envoy's user's own. */
	readonly socketPath: string;
	/** How long the start waits for the first configuration; `0s`: until it is there. */
	readonly initialFetchTimeout: string;
}

const ADS_CLUSTER = 'turnout_xds';

/** An Envoy that asks for everything over one stream on a unix socket. */
export function adsBootstrap(source: AdsSource): JsonObject {
	const { initialFetchTimeout } = source;
	return {
		...bootstrapBase(source),
		staticResources: { clusters: [grpcCluster(ADS_CLUSTER, source.socketPath, keepAlive)] },
		dynamicResources: {
			...{ ldsConfig: { ...fromAds, initialFetchTimeout }, cdsConfig: { ...fromAds, initialFetchTimeout } },
			adsConfig: { ...overGrpc(ADS_CLUSTER), setNodeOnFirstMessageOnly: true },
		},
	};
}

/** A daemon that hangs is noticed, and one that was restarted is found again. */
const keepAlive = { connectionKeepalive: { interval: '10s', timeout: '5s' } };

import { bootstrapBase, type Identity } from './bootstrap-base.ts';
import { fromAds, type JsonObject, typeOf } from './snapshot.ts';

export interface AdsSource extends Identity {
	/** Where the daemon serves ADS: mode 0600, Envoy's user's own. */
	readonly socketPath: string;
}

const ADS_CLUSTER = 'turnout_xds';
const HTTP_OPTIONS = 'extensions.upstreams.http.v3.HttpProtocolOptions';

/** An Envoy that asks for everything over one stream on a unix socket. */
export function adsBootstrap(source: AdsSource): JsonObject {
	return {
		...bootstrapBase(source),
		staticResources: { clusters: [adsCluster(source.socketPath)] },
		dynamicResources: {
			...{ ldsConfig: fromAds, cdsConfig: fromAds },
			adsConfig: {
				...{ apiType: 'GRPC', transportApiVersion: 'V3', setNodeOnFirstMessageOnly: true },
				// Without these Envoy takes up to 30 s to come back to a daemon that was restarted.
				grpcServices: [
					{
						envoyGrpc: {
							clusterName: ADS_CLUSTER,
							retryPolicy: { retryBackOff: { baseInterval: '0.1s', maxInterval: '2s' } },
						},
					},
				],
			},
		},
	};
}

const adsCluster = (path: string): JsonObject => ({
	...{ name: ADS_CLUSTER, type: 'STATIC', connectTimeout: '1s' },
	typedExtensionProtocolOptions: {
		[`envoy.${HTTP_OPTIONS}`]: {
			'@type': typeOf(HTTP_OPTIONS),
			// A daemon that hangs is noticed, and one that was restarted is found again.
			explicitHttpConfig: { http2ProtocolOptions: { connectionKeepalive: { interval: '10s', timeout: '5s' } } },
		},
	},
	loadAssignment: {
		clusterName: ADS_CLUSTER,
		endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
	},
});

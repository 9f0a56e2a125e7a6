import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { seconds } from './duration.ts';
import type { JsonObject } from './snapshot.ts';

/** Asked of the node's own Envoy, by each of its clients. */
export function healthCheckOf({ healthCheck: check, portMapping }: NodeListener, hostname: string): JsonObject {
	if (check === undefined) return {};
	const { protocol, path = '/' } = check;
	const http = {
		...{ host: `${hostname}:${portMapping.port}`, path },
		...(protocol === 'http2' ? { codecClientType: 'HTTP2' } : {}),
	};
	const kinds: Readonly<Record<typeof protocol, JsonObject>> = {
		http: { httpHealthCheck: http },
		http2: { httpHealthCheck: http },
		grpc: { grpcHealthCheck: {} },
		tcp: { tcpHealthCheck: {} },
	};
	const common = {
		timeout: seconds({ unit: 'ms', value: check.timeoutMillis }),
		interval: seconds({ unit: 'ms', value: check.intervalMillis }),
		// Envoy's own is a minute for a cluster that nobody has used yet.
		noTrafficInterval: seconds({ unit: 'ms', value: check.intervalMillis }),
		...{ healthyThreshold: check.healthyThreshold, unhealthyThreshold: check.unhealthyThreshold },
	};
	return { healthChecks: [{ ...common, ...kinds[protocol] }], ignoreHealthOnHostRemoval: true };
}

/** Where else than on its own port a target is asked: Envoy does not implement `alt_port`, which AWS sent (envoy #29033). */
export const checkedPortOf = ({ healthCheck }: NodeListener): JsonObject =>
	healthCheck?.port === undefined ? {} : { healthCheckConfig: { portValue: healthCheck.port } };

/** Targets that fail are left out for a while. */
export function outliersOf({ outlierDetection: found }: NodeListener): JsonObject {
	if (found === undefined) return {};
	return {
		outlierDetection: {
			...{ consecutive5xx: found.maxServerErrors, maxEjectionPercent: found.maxEjectionPercent },
			...{ interval: seconds(found.interval), baseEjectionTime: seconds(found.baseEjectionDuration) },
		},
	};
}

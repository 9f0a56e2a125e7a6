import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import type { JsonObject } from './snapshot.ts';

/** Envoy's largest number. Its own limits, such as 1024 connections, would refuse what applications can carry. */
const UNLIMITED = 2_147_483_647;
const none = {
	maxConnections: UNLIMITED,
	maxPendingRequests: UNLIMITED,
	maxRequests: UNLIMITED,
	maxRetries: UNLIMITED,
};

export const unlimited: JsonObject = { circuitBreakers: { thresholds: [none] } };

/** `connectionPool`: what the application bears. */
export function limitsOf({
	connectionPool: { http, http2, grpc, tcp } = {},
}: Pick<NodeListener, 'connectionPool'>): JsonObject {
	const { maxConnections, maxPendingRequests } = { ...tcp, ...http };
	const { maxRequests } = { ...http2, ...grpc };
	const limits = {
		...(maxConnections === undefined ? {} : { maxConnections }),
		...(maxPendingRequests === undefined ? {} : { maxPendingRequests }),
		...(maxRequests === undefined ? {} : { maxRequests }),
	};
	return { circuitBreakers: { thresholds: [{ ...none, ...limits }] } };
}

import { seconds } from './duration.ts';
import type { ForwardedKind } from './route-match.ts';
import { extension, type JsonObject } from './snapshot.ts';

const previousHosts = extension(
	'envoy.retry_host_predicates.previous_hosts',
	'extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
);

/** What AWS sent to every Envoy from 2020-07-29 on. */
const DEFAULT_RETRIES = {
	...{ retryOn: 'unavailable,reset,connect-failure,refused-stream,retriable-status-codes', numRetries: 2 },
	...{ retriableStatusCodes: [503], retryHostPredicate: [previousHosts], hostSelectionRetryMaxAttempts: '5' },
};

const STATUS_CODES: Readonly<Record<string, readonly number[]>> = {
	'server-error': [500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
	'gateway-error': [502, 503, 504],
	'client-error': [409],
};

export function retriesOf(kind: ForwardedKind | undefined): JsonObject {
	const policy = kind?.route.retryPolicy;
	if (policy === undefined) return DEFAULT_RETRIES;
	const { httpRetryEvents = [], tcpRetryEvents = [] } = policy;
	const codes = [...new Set(httpRetryEvents.flatMap((event) => STATUS_CODES[event] ?? []))];
	const grpc = 'grpcRetryEvents' in policy ? (policy.grpcRetryEvents ?? []) : [];
	const on = [
		...(httpRetryEvents.includes('stream-error') ? ['reset', 'refused-stream'] : []),
		...(tcpRetryEvents.length > 0 ? ['connect-failure'] : []),
		...grpc,
		...(codes.length > 0 ? ['retriable-status-codes'] : []),
	];
	return {
		...{ retryOn: on.join(','), numRetries: policy.maxRetries, perTryTimeout: seconds(policy.perRetryTimeout) },
		...(codes.length > 0 ? { retriableStatusCodes: codes } : {}),
	};
}

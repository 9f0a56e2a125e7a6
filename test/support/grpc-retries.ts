// How often a call of gRPC is tried, by what it ends with and by its route's retryPolicy.
import type { GrpcRoute } from '../../src/mesh/schema/route.ts';

const FINE = 0;
const UNAVAILABLE = 14;
const NOT_FOUND = 5;
const retried = {
	cancelled: 1,
	'deadline-exceeded': 4,
	internal: 13,
	'resource-exhausted': 8,
	unavailable: UNAVAILABLE,
} as const;
type Event = keyof typeof retried;
const once = (event: Event) => ({
	retryPolicy: { maxRetries: 1, perRetryTimeout: { unit: 's', value: 5 } as const, grpcRetryEvents: [event] },
});

export interface GrpcRetry {
	readonly title: string;
	/** What the calls end with, one after the other; then with 0. */
	readonly statuses: readonly number[];
	readonly times: number;
	readonly status: number;
	readonly settings?: Partial<GrpcRoute>;
}

export const grpcRetries: readonly GrpcRetry[] = [
	{
		title: 'three times where it is unavailable, by the default policy',
		statuses: [14, 14, 14, 14],
		times: 3,
		status: UNAVAILABLE,
	},
	{ title: 'until it is available, by the default policy', statuses: [UNAVAILABLE], times: 2, status: FINE },
	{
		title: 'once where it has not found something, by the default policy',
		statuses: [NOT_FOUND],
		times: 1,
		status: NOT_FOUND,
	},
	...Object.entries(retried).flatMap(([name, status]): GrpcRetry[] => {
		const event = name as Event;
		const settings = once(event);
		const other = event === 'internal' ? retried.cancelled : retried.internal;
		return [
			{ title: `again after ${event}, for ${event}`, statuses: [status], times: 2, status: FINE, settings },
			{ title: `once after another status, for ${event}`, statuses: [other], times: 1, status: other, settings },
		];
	}),
];

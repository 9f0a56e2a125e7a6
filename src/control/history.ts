type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A change of a resource by the API. */
export interface HistoryEvent {
	/** ISO 8601 UTC. */
	readonly at: string;
	readonly by: string;
	/** Such as `UpdateRoute`. */
	readonly operation: string;
	/** ARN. */
	readonly resource: string;
	readonly version: number | undefined;
	/** The resource as DescribeX shows it; undefined: it was not there. */
	readonly before: Json | undefined;
	readonly after: Json | undefined;
}

export interface History {
	readonly add: (event: HistoryEvent) => Promise<void>;
	/** The newest first. */
	readonly latest: (limit: number) => Promise<readonly HistoryEvent[]>;
}

export interface Requested {
	/** As the API names it; `none` where it was not let in, or asked for what there is not. */
	readonly operation: string;
	readonly status: number;
	readonly requests: number;
	readonly seconds: number;
}

/** What was asked of the API since the start of this process. */
export interface RequestCounts {
	readonly add: (operation: string, status: number, ms: number) => void;
	readonly read: () => readonly Requested[];
}

export function createRequestCounts(): RequestCounts {
	const counts = new Map<string, Requested>();
	return {
		add(operation, status, ms) {
			const key = `${operation} ${status}`;
			const { requests, seconds } = counts.get(key) ?? { requests: 0, seconds: 0 };
			counts.set(key, { operation, status, requests: requests + 1, seconds: seconds + ms / 1_000 });
		},
		read: () => [...counts.values()],
	};
}

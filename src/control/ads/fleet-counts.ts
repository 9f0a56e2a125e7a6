const events = ['pushed', 'accepted', 'rejected'] as const;
export type FleetEvent = (typeof events)[number];

/** Since the start of this process. */
export interface FleetCounts {
	readonly add: (event: FleetEvent) => void;
	/** From a change until all Envoys of a node had it. */
	readonly took: (ms: number) => void;
	readonly read: () => Readonly<Record<FleetEvent, number>> & { readonly lastMs: number | undefined };
}

export function createFleetCounts(): FleetCounts {
	const counts: Record<FleetEvent, number> = { pushed: 0, accepted: 0, rejected: 0 };
	let lastMs: number | undefined;
	return {
		add(event) {
			counts[event] += 1;
		},
		took(ms) {
			lastMs = ms;
		},
		read: () => ({ ...counts, lastMs }),
	};
}

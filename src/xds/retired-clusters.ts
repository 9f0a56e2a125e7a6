import type { Clock } from '../lib/clock.ts';
import type { EncodedKind } from './encoded.ts';

type Clusters = EncodedKind['resources'];

/** Clusters that nothing new refers to any more, while connections that Envoy drains still use them. */
export interface Retired {
	/** The clusters that an Envoy has, but for those that are not wanted and whose connections have had their time. */
	readonly without: (clusters: Clusters, wanted: Clusters) => Clusters;
	/** Calls back, once, when the connections that are open now have had their time. */
	readonly afterDrain: (act: () => void) => void;
	readonly close: () => void;
}

/** `onDue`: some have had their time. */
export function createRetired(
	{ clock, drainMs }: { readonly clock: Clock; readonly drainMs: number },
	onDue: () => void,
): Retired {
	let dueMs: ReadonlyMap<string, number> = new Map();
	let cancel: () => void = () => undefined;
	let cancelDrain: () => void = () => undefined;
	return {
		without(clusters, wanted) {
			const nowMs = clock.nowMs();
			const gone = [...clusters.keys()].filter((name) => !wanted.has(name));
			dueMs = new Map(gone.map((name) => [name, dueMs.get(name) ?? nowMs + drainMs]));
			cancel();
			const nextMs = Math.min(...[...dueMs.values()].filter((ms) => ms > nowMs));
			cancel = Number.isFinite(nextMs) ? clock.after(nextMs - nowMs, onDue) : () => undefined;
			return new Map([...clusters].filter(([name]) => (dueMs.get(name) ?? Number.POSITIVE_INFINITY) > nowMs));
		},
		afterDrain(act) {
			cancelDrain = clock.after(drainMs, act);
		},
		close() {
			cancel();
			cancelDrain();
		},
	};
}

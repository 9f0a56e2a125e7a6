/**
 * The order in which chains were first seen. Of nat chains of one priority the kernel runs the newest first
 * (nf_hook_entries_grow, net/netfilter/core.c), and does not tell which it is: only watching from the start does.
 */
export interface Registrations {
	/** `present`: those that exist now. Returns when each was first seen; those new in one call have the same time. */
	readonly note: (present: readonly string[]) => ReadonlyMap<string, number>;
}

export function createRegistrations(): Registrations {
	let known: ReadonlyMap<string, number> = new Map();
	let time = 0;
	return {
		note(present) {
			if (present.some((id) => !known.has(id))) time += 1;
			known = new Map(present.map((id) => [id, known.get(id) ?? time]));
			return known;
		},
	};
}

/**
 * In what order things were first seen. Of nat chains of one priority the kernel asks that one first which was made last
 * (nf_hook_entries_grow, net/netfilter/core.c), and tells nobody which that was: who is there from the beginning sees it.
 */
export interface Registrations {
	/** Those that are there now. Resolves each to when it came; those of one call came together. */
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

import type { Family } from '../values/units.ts';

/** A change on the host that may concern our rules or routes. */
export interface ChangeEvent {
	/** `order`: somebody else has added a chain where ours hook in. `units`: a cgroup that a rule is about has come or gone. */
	readonly subject: `${Family} rules` | 'routes' | 'addresses' | 'order' | 'units';
	/** The program that made it, where the kernel tells; else ''. */
	readonly by: string;
	/** It was made by us, or by a program that we had started. */
	readonly isOwn: boolean;
}

export interface ChangeHandlers {
	readonly onChange: (event: ChangeEvent) => void;
	/** Somebody, ourselves included, has committed to nftables, whatever it was. */
	readonly onCommit: () => void;
	/** The kernel's queue for these overflowed: everything may have changed. */
	readonly onLost: (of: 'rules' | 'routes') => void;
}

/** Which changes are reported. */
export interface WatchFilter {
	/** Our table at the moment. */
	readonly routeTable: () => number;
}

import type { Family } from '../values/units.ts';

/** Somebody has changed something on the host that we may have a part in. */
export interface ChangeEvent {
	/** `order`: somebody else has a chain where ours are. */
	readonly subject: `${Family} rules` | 'routes' | 'addresses' | 'order';
	/** Which program it was, where the kernel tells; else ''. */
	readonly by: string;
	/** It was one that we had started. */
	readonly isOwn: boolean;
}

/** Whoever is told of it. */
export interface ChangeHandlers {
	readonly onChange: (notice: ChangeEvent) => void;
	/** The kernel had more to tell of these than there was room for: everything may have changed. */
	readonly onLost: (of: 'rules' | 'routes') => void;
}

/** What of all that changes on a host is told. */
export interface WatchFilter {
	/** Which table is ours at the moment. */
	readonly routeTable: () => number;
}

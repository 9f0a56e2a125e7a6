import type { Loaded } from '../config/merge-sources.ts';
import type { Exclusive } from '../lib/mutex.ts';
import type { Known } from '../reconcile/apply.ts';
import type { Aim } from '../reconcile/resolve.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { MadeRoom } from './routing-room.ts';
import type { Pending, State } from './stores.ts';

/** What the daemon holds: the wish, what was aimed at for it, and the settings behind. Changed one change at a time. */
export interface Holding {
	/** Changes wait for one another. */
	readonly exclusive: Exclusive;
	loaded: Loaded;
	survey: DaemonContext;
	wanted: Wanted;
	/** Since when the wish holds. */
	since: string;
	/** What was committed last; undefined while rules are off. */
	aim: Aim | undefined;
	/** What our last change left behind, read back then; undefined after a change that failed. */
	known: Known | undefined;
	/** Those of the mark's rule and route, which may have to make room while another change is under way. */
	readonly routes: Exclusive;
	/** Where rule and route are left out for the sake of others. */
	madeRoom: MadeRoom;
	/** Rules were taken away because Envoy is gone. */
	isLifted: boolean;
	/** Envoy's ports that connections have been captured for since the start; a reload may have moved them. */
	readonly capturedFor: Set<number>;
	/** Rules are off, and what connections captured before need to go on may be there. */
	isUnsettled: boolean;
	/** We have taken away all that bears our names: what is there now has come since, and not from us. */
	isReleased: boolean;
	/** Somebody looks whether they still need it. */
	isSettling: boolean;
	/** Nothing has been committed yet: the rules wait for the first LIVE. */
	isStarting: boolean;
	/** The start has failed: then the host stays as it was found. */
	isRefused: boolean;
	/** Told to stop: rules that were switched on now would outlive us. */
	isEnding: boolean;
	/** Instead of the one that the settings name. */
	image: State['image'];
	/** Connections that went past us are about to be forgotten. */
	forgetting: NodeJS.Timeout | undefined;
	/** What waits to be confirmed. */
	pending: Pending | undefined;
	/** Until the time is over for sure. */
	waiting: NodeJS.Timeout | undefined;
	/** The time to confirm is over, and this keeps us from going back; so often so far. */
	revertTrouble: { readonly why: string; readonly failures: number } | undefined;
	/** Settings in which what holds differs from what a restart would read, as nobody has confirmed them. */
	unconfirmed: readonly string[];
	/** Settings and Envoy are exchanged one at a time, which may take minutes; rules can be changed meanwhile. */
	readonly exchanges: Exclusive;
}

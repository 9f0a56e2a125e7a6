import type { Loaded } from '../config/merge-sources.ts';
import type { Mutex } from '../lib/mutex.ts';
import type { ActualState } from '../reconcile/apply.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { MadeRoom } from './routing-room.ts';
import type { PendingConfirmation, State } from './stores.ts';

/** What the daemon holds: the wish, what was aimed at for it, and the settings behind. Changed one change at a time. */
export interface DaemonState {
	/** Changes wait for one another. */
	readonly ruleLock: Mutex;
	loaded: Loaded;
	context: DaemonContext;
	wanted: Wanted;
	/** Since when the wish holds. */
	since: string;
	/** What was committed last; undefined while rules are off. */
	applied: DesiredState | undefined;
	/** What our last change left behind, read back then; undefined after a change that failed. */
	lastRead: ActualState | undefined;
	/** Those of the mark's rule and route, which may have to make room while another change is under way. */
	readonly routes: Mutex;
	/** Where rule and route are left out for the sake of others. */
	madeRoom: MadeRoom;
	/** Rules were taken away because Envoy is gone. */
	isLifted: boolean;
	/** Envoy's ports that connections have been captured for since the start; a reload may have moved them. */
	readonly redirectPorts: Set<number>;
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
	conntrackTimer: (() => void) | undefined;
	/** What waits to be confirmed. */
	pending: PendingConfirmation | undefined;
	/** Until the time is over for sure. */
	waiting: (() => void) | undefined;
	/** The time to confirm is over, and this keeps us from going back; so often so far. */
	rollbackProblem: { readonly why: string; readonly failures: number } | undefined;
	/** Settings in which what holds differs from what a restart would read, as nobody has confirmed them. */
	unconfirmed: readonly string[];
	/** Settings and Envoy are exchanged one at a time, which may take minutes; rules can be changed meanwhile. */
	readonly reloadLock: Mutex;
}

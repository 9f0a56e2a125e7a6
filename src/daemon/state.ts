import type { Loaded } from '../config/merge-sources.ts';
import { timeOf } from '../lib/clock.ts';
import { createMutex, type Mutex } from '../lib/mutex.ts';
import type { HostDifference } from '../reconcile/inspect.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import { needsTransparency } from '../ruleset/answers.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { PendingConfirmation, State } from './stores.ts';

/** Until the first apply or remove the daemon is `starting`: the rules wait for Envoy's first LIVE. */
type PhaseKind = 'starting' | 'running' | 'startFailed';

/** A stop may come at any time; a change that is under way still ends, so that `rules` may change once more after it. */
export type Phase = { readonly kind: PhaseKind } | { readonly kind: 'stopping'; readonly from: PhaseKind };

/** What of ours the kernel holds. It is independent of the phase: rules can be lifted during a start, too. */
export type RulesState =
	/** As found, or as a rollback has restored it: what bears our names may belong to a former daemon or somebody else. */
	| { readonly kind: 'untouched' }
	| {
			readonly kind: 'on';
			readonly applied: DesiredState;
			/** Drift that a change of ours has put right, to be told by the next check, which knows who it was. */
			readonly untold?: readonly HostDifference[];
	  }
	/** We removed all that bears our names: what is there now has come since, and not from us. */
	| { readonly kind: 'off' }
	/** The same, until Envoy is LIVE again (onEnvoyFailure: open). */
	| { readonly kind: 'lifted' };

/** Settings, held against this host. Replaced as a whole. */
export interface Settings {
	readonly loaded: Loaded;
	readonly context: DaemonContext;
	/** Keys in which these settings differ from what a restart would read, as nobody has confirmed them. */
	readonly unconfirmed: readonly string[];
}

/** What the user asked for last; outlives the daemon. */
export interface Desired {
	readonly wanted: Wanted;
	/** RFC 3339. */
	readonly since: string;
	/** Instead of the image that the settings name. */
	readonly image: State['image'];
}

export interface DaemonState {
	/** Changes of rules, one at a time. */
	readonly ruleLock: Mutex;
	/** Reloads and updates of Envoy, one at a time; they may take minutes, and rules can change meanwhile. */
	readonly reloadLock: Mutex;
	/** Envoy's ports that connections were redirected to since the start: a reload may have moved them. */
	readonly redirectPorts: Set<number>;
	/** Since the start there were connections with transparent sockets, which are on other ports. */
	hadTransparent: boolean;
	phase: Phase;
	rules: RulesState;
	settings: Settings;
	desired: Desired;
	/** What was switched on for a time, and is not confirmed yet. */
	pending: PendingConfirmation | undefined;
}

export function createState({ loaded, context, stateFile, clock }: DaemonDependencies): DaemonState {
	const { wanted = 'disabled', since = timeOf(clock), image } = stateFile.read();
	return {
		ruleLock: createMutex(),
		reloadLock: createMutex(),
		redirectPorts: new Set(portsOf(context)),
		hadTransparent: needsTransparency(context.capture),
		phase: { kind: 'starting' },
		rules: { kind: 'untouched' },
		settings: { loaded, context, unconfirmed: [] },
		desired: { wanted: context.config.startEnabled ? 'enabled' : wanted, since, image },
		pending: undefined,
	};
}

/** Envoy's, that connections are redirected to. */
export const portsOf = ({ config }: DaemonContext): number[] => [config.ingressPort, config.egressPort];

/**
 * `turnout revert`, which a timer of systemd's starts, has gone back while this daemon was halted, and the daemon does not
 * know yet. Whatever it had planned before would switch on again what nobody has confirmed.
 */
export const wasRolledBackElsewhere = (
	{ pending }: Pick<DaemonState, 'pending'>,
	{ confirmationFile }: Pick<DaemonDependencies, 'confirmationFile'>,
): boolean => pending !== undefined && confirmationFile.read()?.isReverted === true;

/** Undefined while rules are not on. */
export const appliedOf = ({ rules }: Pick<DaemonState, 'rules'>): DesiredState | undefined =>
	rules.kind === 'on' ? rules.applied : undefined;

export const isStopping = ({ phase }: Pick<DaemonState, 'phase'>): boolean => phase.kind === 'stopping';

const lifeOf = (phase: Phase): PhaseKind => (phase.kind === 'stopping' ? phase.from : phase.kind);

/** Nothing has been applied or removed yet; also where the start has failed, or was told to end. */
export const isStarting = ({ phase }: Pick<DaemonState, 'phase'>): boolean => lifeOf(phase) !== 'running';

/** Also in the middle of a stop, which then has to undo it. */
export function started(state: DaemonState): void {
	state.phase = isStopping(state) ? { kind: 'stopping', from: 'running' } : { kind: 'running' };
}

/** Where rules have been applied or removed already the daemon runs, and a stop has to undo it. */
export function startFailed(state: DaemonState): void {
	if (state.phase.kind === 'starting') state.phase = { kind: 'startFailed' };
}

/** For good. */
export function beginStop(state: DaemonState): void {
	state.phase = { kind: 'stopping', from: lifeOf(state.phase) };
}

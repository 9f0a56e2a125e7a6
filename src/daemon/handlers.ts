import { shownSettings } from '../config/describe.ts';
import { createBypassCounter } from '../connections/bypass-counter.ts';
import { failureOf } from '../failure.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { IptablesRules } from '../firewall/iptables/installed.ts';
import { createSingleFlight } from '../lib/single-flight.ts';
import type { Handlers } from '../localapi/protocol.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import type { Status } from '../status/types.ts';
import { adoptRollback, wasRolledBackElsewhere } from './confirm.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { Drift } from './drift.ts';
import { createObserver, type Observed } from './observe.ts';
import { reload, update } from './reload.ts';
import { warningOf } from './spare-sessions.ts';
import type { DaemonState } from './state.ts';
import { capturingOf, createWishHandlers } from './switch-handlers.ts';

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(state: DaemonState, drift: Drift, deps: DaemonDependencies): Handlers {
	const observe = createObserver(deps);
	const bypassing = createBypassCounter(deps.connections, (error) =>
		deps.log('warn', 'open connections could not be counted', { why: failureOf(error).message }),
	);
	const wish = async () => {
		// What keeps us from it is told by whoever repairs.
		if (wasRolledBackElsewhere(state, deps)) await state.ruleLock(() => adoptRollback(state, deps)).catch(() => false);
		return {
			...state,
			desired: state.applied ?? (await computeDesired(state.context)),
			...{ repairs: drift.repairs(), driftProblem: drift.problem() },
		};
	};
	const look = async (held?: ByFamily<IptablesRules>): Promise<Observed> => {
		const [now, past] = await Promise.all([wish(), bypassing.count(capturingOf(state))]);
		return observe(now, past, held);
	};
	const see = (held?: ByFamily<IptablesRules>) => lookBetween(state, deps, look, held);
	// One look for all who ask at the same time, whatever they ask.
	const seen = createSingleFlight(see);
	const status = async (held?: ByFamily<IptablesRules>): Promise<Status> =>
		(await (held === undefined ? seen() : see(held))).status;
	return {
		status: () => status(),
		raw: async () => ({ text: await deps.raw(state.context) }),
		...createWishHandlers(state, deps, status),
		update: async ({ image }, signal) => {
			const changed = await state.reloadLock(() => update(state, deps, image, signal));
			return { changed, status: await status() };
		},
		reload: async ({ confirmSeconds, ...told }, signal) => {
			const changed = await state.reloadLock(() => reload(state, deps, confirmSeconds, signal));
			const warning = await warningOf(state, deps, told);
			const notices = [...state.loaded.notices, ...state.context.notices];
			const said = { changed, notices, ...(warning === '' ? {} : { warning }) };
			return { ...said, status: await status() };
		},
		diff: async () => (await seen()).diff,
		config: async () => shownSettings(state.loaded),
	};
}

/** In the middle of a change the rules are the new ones already, and what is wanted is what was wanted before. */
async function lookBetween(
	state: DaemonState,
	deps: DaemonDependencies,
	look: (held?: ByFamily<IptablesRules>) => Promise<Observed>,
	held: ByFamily<IptablesRules> | undefined,
): Promise<Observed> {
	if (state.lastRead === undefined) await changed(state, deps);
	const before = state.lastRead;
	const seen = await look(held);
	if (seen.diff.same || state.lastRead === before) return seen;
	await changed(state, deps);
	return look();
}

/** Questions do not wait for a change that takes long. */
const PATIENCE_MS = 300;

/** Resolves once the change that is under way has ended. */
const changed = ({ ruleLock }: DaemonState, { clock }: DaemonDependencies): Promise<void> =>
	Promise.race([ruleLock(async () => undefined), clock.sleep(PATIENCE_MS)]);

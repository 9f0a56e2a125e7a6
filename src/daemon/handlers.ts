import { shownSettings } from '../config/describe.ts';
import { createBypassCounter } from '../connections/bypass-counter.ts';
import { failureOf } from '../failure.ts';
import { createSingleFlight } from '../lib/single-flight.ts';
import type { Handlers } from '../localapi/protocol.ts';
import { computeDesired, type DesiredState, withCgroupsOfNow } from '../reconcile/resolve.ts';
import type { Status } from '../status/types.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import type { ToExplain } from './dependencies.ts';
import type { Drift } from './drift.ts';
import { createObserver, type Observed, type StatusInput } from './observe.ts';
import type { ReadBack } from './reconciler.ts';
import { reload, update } from './reload.ts';
import { warningOf } from './spare-sessions.ts';
import { appliedOf, isStarting } from './state.ts';
import { capturingOf, createSwitchHandlers } from './switch-handlers.ts';

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(core: DaemonCore, confirmation: Confirmation, drift: Drift): Handlers {
	const { state, deps } = core;
	const observe = createObserver(deps, core.ruleTotals);
	const bypassing = createBypassCounter(deps.connections, (error) =>
		deps.log('warn', 'open connections could not be counted', { why: failureOf(error).message }),
	);
	const look = async (held?: ReadBack): Promise<Observed> => {
		const [input, count] = await Promise.all([
			statusInput(core, confirmation, drift),
			bypassing.count(capturingOf(state)),
		]);
		return observe(input, count, held);
	};
	const see = (held?: ReadBack) => lookAroundChange(core, look, held);
	// One look for all who ask at the same time, whatever they ask.
	const seen = createSingleFlight(see);
	const status = async (held?: ReadBack): Promise<Status> => (await (held === undefined ? seen() : see(held))).status;
	return {
		status: () => status(),
		raw: async () => ({ text: await deps.raw(state.settings.context) }),
		...createSwitchHandlers(core, confirmation, status),
		update: async ({ image }, signal) => {
			const changed = await state.reloadLock(() => update(core, image, signal));
			return { changed, status: await status() };
		},
		reload: async ({ confirmSeconds, backend, ...told }, signal) => {
			const asked = { confirmSeconds, backend };
			const changed = await state.reloadLock(() => reload(core, confirmation, asked, signal));
			// Not before the settings hold: rules follow its ports by them.
			await deps.mesh?.reload();
			const warning = await warningOf(state, deps, told);
			const notices = [...state.settings.loaded.notices, ...state.settings.context.notices];
			const said = { changed, notices, ...(warning === '' ? {} : { warning }) };
			return { ...said, status: await status() };
		},
		diff: async () => (await seen()).diff,
		config: async () => shownSettings(state.settings.loaded),
		explain: async (request, signal) => deps.explain(await toExplain(core), request, signal),
	};
}

async function toExplain(core: DaemonCore): Promise<ToExplain> {
	const { state } = core;
	const { loaded, context } = state.settings;
	const desired = await desiredNow(core);
	const { kind } = state.rules;
	const off = state.desired.wanted === 'enabled' ? 'waiting' : 'off';
	return { loaded, context, desired, interception: kind === 'off' || kind === 'untouched' ? off : kind };
}

/** A unit that has started a moment ago is not captured, or not ignored, until the rules have followed it. */
async function desiredNow({ state }: DaemonCore): Promise<DesiredState> {
	const { context } = state.settings;
	const applied = appliedOf(state);
	return applied === undefined ? computeDesired(context) : withCgroupsOfNow(context, applied);
}

/** As it is at this moment, a rollback that was made elsewhere included. */
async function statusInput(core: DaemonCore, confirmation: Confirmation, drift: Drift): Promise<StatusInput> {
	const { state } = core;
	// What goes wrong is told by whoever repairs.
	if (confirmation.wasRolledBackElsewhere())
		await state.ruleLock(() => confirmation.adoptRollback()).catch(() => false);
	const { wanted, since } = state.desired;
	const { context, unconfirmed } = state.settings;
	const now = {
		...{ wanted, since, context, unconfirmed, isLifted: state.rules.kind === 'lifted', isStarting: isStarting(state) },
		...{ pending: confirmation.pending(), rollbackProblem: confirmation.problem() },
	};
	const desired = await desiredNow(core);
	return { ...now, desired, repairs: drift.repairs(), driftProblem: drift.problem() };
}

/** In the middle of a change the rules are the new ones already, while `desired` is still the former. */
async function lookAroundChange(
	core: DaemonCore,
	look: (held?: ReadBack) => Promise<Observed>,
	held: ReadBack | undefined,
): Promise<Observed> {
	const { lastRead } = core.reconciler;
	if (lastRead() === undefined) await endOfChange(core);
	const before = lastRead();
	const seen = await look(held);
	if (seen.diff.same || lastRead() === before) return seen;
	await endOfChange(core);
	return look();
}

/** Longer than a change takes on a busy host; questions do not wait for one that hangs, such as for the xtables lock. */
const PATIENCE_MS = 2_000;

/** Resolves once the change that is under way has ended, or patience has. */
const endOfChange = ({ state, deps }: DaemonCore): Promise<void> =>
	Promise.race([state.ruleLock(async () => undefined), deps.clock.sleep(PATIENCE_MS)]);

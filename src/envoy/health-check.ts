import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf } from '../failure.ts';
import { missingListeners } from './readiness.ts';
import type { ProxyAdmin, RunningProxy } from './runtime.ts';
import { type EnvoySpec, listenerPorts, portsOf } from './spec.ts';
import { dispatch, type SupervisorState } from './supervisor-state.ts';

/** Whoever runs it tells of its end a moment after the kernel does, and knows how it came about. */
const TOLD_LATE_MS = 500;

/**
 * Asks it how it is as long as it is ours. One that does not answer any more is silent, whatever whoever runs it says or
 * does not say: then the rules follow as if it had ended, and it is ended, which starts it anew.
 */
export async function watch(charge: SupervisorState, proxy: RunningProxy): Promise<void> {
	const isOurs = () => charge.proxy === proxy && !charge.ending.signal.aborted;
	const over = new AbortController();
	const state: Watched = { misses: 0, wasClosed: false, closed: undefined };
	try {
		while (isOurs()) {
			await pause(charge, proxy, state, over.signal);
			if (isOurs()) await look(charge, proxy, state, isOurs).catch((error) => unseen(charge, error));
		}
	} finally {
		over.abort();
	}
}

interface Watched {
	misses: number;
	/** A moment ago, and it has answered nevertheless, or not. */
	wasClosed: boolean;
	/** Resolves when a connection that is kept open to it is closed; undefined while there is none. */
	closed: Promise<void> | undefined;
}

const unseen = (charge: SupervisorState, error: unknown): void =>
	dispatch(charge, { kind: 'troubled', why: `Envoy cannot be looked after: ${failureOf(error).message}` });

/** Until it is time to ask again; at once where it closes a connection, as its end does, with Docker or without. */
async function pause(charge: SupervisorState, proxy: RunningProxy, state: Watched, signal: AbortSignal): Promise<void> {
	const { plan } = charge;
	const next = sleep((plan?.healthSeconds ?? 0) * 1_000, undefined, { ref: false });
	if (plan === undefined || state.misses > 0 || state.wasClosed) {
		state.wasClosed = false;
		return next;
	}
	state.closed ??= adminOf(charge, plan, proxy).closed(signal);
	const isClosed = await Promise.race([state.closed.then(() => true), next]);
	if (isClosed !== true) return;
	Object.assign(state, { closed: undefined, wasClosed: true });
	await Promise.race([proxy.exited, sleep(TOLD_LATE_MS, undefined, { ref: false })]);
}

const adminOf = ({ supervision }: SupervisorState, plan: EnvoySpec, proxy: RunningProxy): ProxyAdmin =>
	supervision.admin(plan, proxy);

async function look(
	charge: SupervisorState,
	proxy: RunningProxy,
	state: Watched,
	isOurs: () => boolean,
): Promise<void> {
	const { plan } = charge;
	if (plan === undefined) return;
	const listeners = await adminOf(charge, plan, proxy).listeners(charge.ending.signal);
	const isGone = listeners === undefined && (await nobodyListens(charge, plan));
	if (!isOurs()) return;
	state.misses = listeners === undefined ? state.misses + 1 : 0;
	if (listeners !== undefined) {
		dispatch(charge, { kind: 'answers', listeners: portsOf(listeners) });
		dispatch(charge, { kind: 'troubled', why: missingListeners(plan, listeners) });
	} else if (state.misses >= plan.healthRetries) await end(charge, proxy, plan, isGone);
	else missed(charge, plan, state.misses, isGone);
}

const GONE =
	'Envoy is gone: nobody answers on its admin interface, and nobody listens on the ports that traffic is led to';

function missed(charge: SupervisorState, plan: EnvoySpec, misses: number, isGone: boolean): void {
	const why = `Envoy does not answer on its admin interface (${misses} of ${plan.healthRetries})`;
	if (!isGone) dispatch(charge, { kind: 'troubled', why });
	else fallSilent(charge, GONE);
}

/** What has been told once stays, with what was found out since. */
function fallSilent(charge: SupervisorState, why: string): void {
	if (charge.history.state.kind !== 'silent') dispatch(charge, { kind: 'silent', why });
}

/** The kernel says so: nobody of its user is there any more. */
async function nobodyListens({ supervision }: SupervisorState, plan: EnvoySpec): Promise<boolean> {
	const ports = listenerPorts(plan);
	const all = await supervision.listeners();
	return !all.some(({ port, uid }) => uid === plan.spec.uid && ports.includes(port));
}

/** Whoever runs it may not be able to at the moment; then it stays silent, unless it answers again. */
async function end(charge: SupervisorState, proxy: RunningProxy, plan: EnvoySpec, isGone: boolean): Promise<void> {
	const why = isGone ? GONE : `Envoy did not answer ${plan.healthRetries} times in a row on its admin interface`;
	fallSilent(charge, why);
	charge.killReason = isGone ? '' : `${why} and was ended`;
	try {
		await proxy.stop(0);
	} catch (error) {
		charge.killReason = '';
		dispatch(charge, { kind: 'silent', why: `${why}. ${failureOf(error).message}` });
	}
}

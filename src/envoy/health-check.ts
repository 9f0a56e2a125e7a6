import { setTimeout as sleep } from 'node:timers/promises';
import type { Listening } from '../connections/listener-gaps.ts';
import { failureOf } from '../failure.ts';
import { missingListeners } from './readiness.ts';
import type { ProxyAdmin } from './runtime.ts';
import { type EnvoySpec, listenerPorts, portsOf } from './spec.ts';
import { dispatch, type RunningInstance, type SupervisorState } from './supervisor-state.ts';

/** The runtime reports the end of an Envoy a moment after the kernel, and knows how it came about. */
const EXIT_REPORT_MS = 500;

interface HealthCheck {
	readonly self: SupervisorState;
	readonly instance: RunningInstance;
	/** Checks in a row without an answer. */
	misses: number;
	/** The kept connection was closed a moment ago; the next check follows after the usual pause again. */
	wasClosed: boolean;
	/** Resolves when a kept connection to its admin interface is closed; undefined while there is none. */
	closed: Promise<void> | undefined;
}

/**
 * Checks this instance for as long as it is ours. One that stops answering is `silent`, whatever the runtime says: the
 * rules follow as if it had ended, and it is killed, which starts the next one.
 */
export async function watch(self: SupervisorState, instance: RunningInstance): Promise<void> {
	const over = new AbortController();
	const check: HealthCheck = { self, instance, misses: 0, wasClosed: false, closed: undefined };
	try {
		while (isOurs(check)) {
			await pause(check, over.signal);
			if (isOurs(check)) await checkOnce(check).catch((error) => onCheckFailed(self, error));
		}
	} finally {
		over.abort();
	}
}

const isOurs = ({ self: { state }, instance }: HealthCheck): boolean =>
	state.instance === instance && state.kind !== 'stopping';

const onCheckFailed = (self: SupervisorState, error: unknown): void =>
	dispatch(self, { kind: 'troubled', why: `Envoy cannot be checked: ${failureOf(error).message}` });

/** Until the next check is due, or the kept connection is closed: its end closes it, whether Docker says so or not. */
async function pause(check: HealthCheck, signal: AbortSignal): Promise<void> {
	const { plan } = check.self;
	const { proxy } = check.instance;
	const next = sleep((plan?.healthSeconds ?? 0) * 1_000, undefined, { ref: false });
	if (plan === undefined || check.misses > 0 || check.wasClosed) {
		check.wasClosed = false;
		return next;
	}
	check.closed ??= adminOf(check, plan).closed(signal);
	const isClosed = await Promise.race([check.closed.then(() => true), next]);
	if (isClosed !== true) return;
	Object.assign(check, { closed: undefined, wasClosed: true });
	await Promise.race([proxy.exited, sleep(EXIT_REPORT_MS, undefined, { ref: false })]);
}

const adminOf = ({ self, instance }: HealthCheck, plan: EnvoySpec): ProxyAdmin => self.deps.admin(plan, instance.proxy);

async function checkOnce(check: HealthCheck): Promise<void> {
	const { self } = check;
	const { plan } = self;
	if (plan === undefined) return;
	const listeners = await adminOf(check, plan).listeners(self.ending.signal);
	const isGone = listeners === undefined && (await nobodyListens(self, plan));
	if (!isOurs(check)) return;
	check.misses = listeners === undefined ? check.misses + 1 : 0;
	if (listeners !== undefined) onAnswer(self, plan, listeners);
	else if (check.misses >= plan.healthRetries) await kill(check, plan, isGone);
	else onMiss(self, plan, check.misses, isGone);
}

function onAnswer(self: SupervisorState, plan: EnvoySpec, listeners: readonly Listening[]): void {
	dispatch(self, { kind: 'answers', listeners: portsOf(listeners) });
	dispatch(self, { kind: 'troubled', why: missingListeners(plan, listeners) });
}

const GONE =
	'Envoy is gone: nobody answers on its admin interface, and nobody listens on the ports that traffic is led to';

function onMiss(self: SupervisorState, plan: EnvoySpec, misses: number, isGone: boolean): void {
	const why = `Envoy does not answer on its admin interface (${misses} of ${plan.healthRetries})`;
	if (isGone) fallSilent(self, GONE);
	else dispatch(self, { kind: 'troubled', why });
}

/** Only the first reason is reported. */
function fallSilent(self: SupervisorState, why: string): void {
	if (self.history.state.kind !== 'silent') dispatch(self, { kind: 'silent', why });
}

/** The kernel has no listening socket of its user on these ports. */
async function nobodyListens({ deps }: SupervisorState, plan: EnvoySpec): Promise<boolean> {
	const ports = listenerPorts(plan);
	const all = await deps.listeners();
	return !all.some(({ port, uid }) => uid === plan.spec.uid && ports.includes(port));
}

/** The runtime may be unable to at the moment; then it stays silent, unless it answers again. */
async function kill({ self, instance }: HealthCheck, plan: EnvoySpec, isGone: boolean): Promise<void> {
	const why = isGone ? GONE : `Envoy did not answer ${plan.healthRetries} times in a row on its admin interface`;
	fallSilent(self, why);
	instance.killReason = isGone ? '' : `${why} and was ended`;
	try {
		await instance.proxy.stop(0);
	} catch (error) {
		instance.killReason = '';
		dispatch(self, { kind: 'silent', why: `${why}. ${failureOf(error).message}` });
	}
}

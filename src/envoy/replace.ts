import { Failure, failureOf } from '../failure.ts';
import { drainAndStop } from './drain.ts';
import { withoutTaken } from './free-ports.ts';
import { missingListeners, refuseBlind } from './readiness.ts';
import type { RunningProxy } from './runtime.ts';
import { type EnvoySpec, listenerPorts } from './spec.ts';
import { asItIs, type LiveProxy, launch, prepare } from './start.ts';
import { lead, type SupervisorState, trackTask } from './supervisor-state.ts';

export interface Replacement {
	readonly plan: EnvoySpec;
	/** The image is looked for anew, also where nothing else has changed. */
	readonly isUpdate: boolean;
	/** Leads traffic to the new one, where its ports are others; both run while it does. */
	readonly takeOver: () => Promise<void>;
	readonly own: (plan: EnvoySpec, live: LiveProxy) => void;
	/** Starts the former again, where it ended in the meantime. */
	readonly revive: () => void;
}

/**
 * The new one is there and LIVE beside the former, on the same ports where they are the same, before the former lets go.
 * What it needs is fetched first, however long that takes; a former that ends meanwhile is started again as always. When
 * it fails, the former goes on as if nothing had been.
 */
export async function replace(
	charge: SupervisorState,
	wanted: Replacement,
	signal: AbortSignal,
): Promise<'replaced' | 'same'> {
	if (charge.isReplacing) throw underWay();
	charge.isReplacing = true;
	try {
		const change = { ...wanted, plan: await withoutTaken(charge, wanted.plan) };
		const hash = await hashOf(charge, change, signal);
		return await preemptStart(charge, () => exchange(charge, change, hash, signal), change.revive);
	} catch (error) {
		throw rolledBack(charge, error);
	} finally {
		charge.isReplacing = false;
		if (charge.plan !== undefined) charge.supervision.bootstraps.keepOnly(charge.plan.spec.files);
	}
}

const underWay = (): Failure =>
	new Failure('envoy', 'Cannot update: another update is under way', 'Wait for its end: turnout status');

/** A start by ourselves that is under way is left, whether it waits or not: the replacement is the next start. */
async function preemptStart<T>(charge: SupervisorState, act: () => Promise<T>, revive: () => void): Promise<T> {
	const over = Promise.withResolvers<void>();
	charge.exchanging = over.promise;
	try {
		charge.cancel.abort();
		charge.cancel = new AbortController();
		await charge.attempt;
		return await act();
	} finally {
		charge.exchanging = undefined;
		over.resolve();
		if (charge.proxy === undefined) revive();
	}
}

/** What the new one comes to; undefined where it is the one that is there. */
export async function hashOf(
	charge: SupervisorState,
	{ plan, isUpdate }: Replacement,
	signal: AbortSignal,
): Promise<string | undefined> {
	const isSame = JSON.stringify((charge.plan ?? plan).spec) === JSON.stringify(plan.spec);
	if (charge.proxy !== undefined && isSame && !isUpdate) return undefined;
	return prepare(charge, plan, true, signal);
}

export async function exchange(
	charge: SupervisorState,
	change: Replacement,
	prepared: string | undefined,
	signal: AbortSignal,
): Promise<'replaced' | 'same'> {
	const { plan, takeOver, own } = change;
	const former = charge.proxy;
	const formerPlan = charge.plan ?? plan;
	if (former !== undefined && (prepared === undefined || former.hash === prepared))
		return keepRunning(charge, change, former, signal);
	// The one that was there has ended in this moment.
	const hash = prepared ?? (await prepare(charge, asItIs(plan), true, signal));
	const handOver = await charge.supervision.handOver(listenerPorts(formerPlan));
	const live = await launch(charge, plan, hash, { started: () => undefined, missing: () => undefined }, signal);
	try {
		signal.throwIfAborted();
		await takeOver();
	} catch (error) {
		await live.proxy.stop(0);
		throw error;
	}
	const isThere = former !== undefined && former === charge.proxy;
	own(plan, live);
	if (isThere)
		trackTask(
			charge,
			drainAndStop(charge, formerPlan, former, handOver).then(() => charge.proxy?.promote()),
		);
	else await live.proxy.promote();
	return 'replaced';
}

const expectedOf = (plan: EnvoySpec | undefined): string => JSON.stringify([plan?.ports, plan?.lanes, plan?.families]);

/** The same Envoy for a plan that differs in what is expected of it. */
async function keepRunning(
	charge: SupervisorState,
	{ plan, takeOver }: Replacement,
	proxy: RunningProxy,
	signal: AbortSignal,
): Promise<'same'> {
	if (expectedOf(plan) !== expectedOf(charge.plan)) {
		const admin = charge.supervision.admin(plan, proxy);
		const listeners = await admin.listeners(signal);
		const why =
			listeners === undefined ? 'does not answer' : missingListeners(plan, listeners).replace(/^(?=.)/, 'is ');
		if (why !== '')
			throw new Failure('envoy', `Cannot change what is led to Envoy: it ${why}`, 'See its bootstrap (envoy.config)');
		await refuseBlind(admin, plan, signal);
	}
	await takeOver();
	lead(charge, plan);
	return 'same';
}

function rolledBack({ proxy, history, ending }: SupervisorState, error: unknown): Failure {
	const failure = failureOf(ending.signal.aborted ? ending.signal.reason : error);
	const { code, message, remedy } = failure;
	if (ending.signal.aborted) return failure;
	const stays = history.state.kind === 'silent' ? 'the former is as it was' : 'the former goes on';
	const rest = proxy === undefined ? 'the former is started again' : stays;
	return new Failure(code, `${message}; ${rest}`, remedy, error);
}

import { Failure, failureOf } from '../failure.ts';
import type { RunningProxy } from '../ports-proxy.ts';
import { type LiveProxy, launch, prepare } from './bring-up.ts';
import { listenerPorts, type Plan } from './plan.ts';
import { mismatch } from './ready.ts';
import { retire } from './retire.ts';
import { type Charge, track } from './supervision.ts';

export interface Replacement {
	readonly plan: Plan;
	/** The image is looked for anew, also where nothing else has changed. */
	readonly isUpdate: boolean;
	/** Leads traffic to the new one, where its ports are others; both run while it does. */
	readonly takeOver: () => Promise<void>;
	readonly own: (plan: Plan, live: LiveProxy) => void;
	/** Starts the former again, where it ended in the meantime. */
	readonly revive: () => void;
}

/**
 * The new one is there and LIVE beside the former, on the same ports where they are the same, before the former lets go.
 * What it needs is fetched first. When it fails, the former goes on as if nothing had been.
 */
export function replace(charge: Charge, change: Replacement, signal: AbortSignal): Promise<'replaced' | 'same'> {
	if (charge.isReplacing) return Promise.reject(underWay());
	charge.isReplacing = true;
	const work = goBefore(charge, change, signal);
	charge.replacing = work.catch(() => undefined);
	return work;
}

const underWay = (): Failure =>
	new Failure('envoy', 'Cannot update: another update is under way', 'Wait for its end: turnout status');

/** A start by ourselves that is under way is left, whether it waits or not: the replacement is the next start. */
async function goBefore(charge: Charge, change: Replacement, signal: AbortSignal): Promise<'replaced' | 'same'> {
	try {
		charge.cancel.abort();
		charge.cancel = new AbortController();
		await charge.attempt;
		return await replaceWith(charge, change, signal);
	} catch (error) {
		throw rolledBack(charge, error);
	} finally {
		charge.isReplacing = false;
		if (charge.plan !== undefined) charge.supervision.bootstraps.keepOnly(charge.plan.spec.files);
		if (charge.proxy === undefined) change.revive();
	}
}

export async function replaceWith(
	charge: Charge,
	change: Replacement,
	signal: AbortSignal,
): Promise<'replaced' | 'same'> {
	const { plan, takeOver, own } = change;
	const former = charge.proxy;
	const formerPlan = charge.plan ?? plan;
	const isSame = JSON.stringify(formerPlan.spec) === JSON.stringify(plan.spec);
	if (former !== undefined && isSame && !change.isUpdate) return goOn(charge, change, former, signal);
	const hash = await prepare(charge, plan, signal);
	if (former !== undefined && former === charge.proxy && former.hash === hash)
		return goOn(charge, change, former, signal);
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
		track(
			charge,
			retire(charge, formerPlan, former, handOver).then(() => charge.proxy?.promote()),
		);
	else await live.proxy.promote();
	return 'replaced';
}

/** The same Envoy for a plan that differs in what is expected of it. */
async function goOn(
	charge: Charge,
	{ plan, takeOver }: Replacement,
	proxy: RunningProxy,
	signal: AbortSignal,
): Promise<'same'> {
	const silent = mismatch(plan, (await charge.supervision.admin(plan, proxy.instance).ports(signal)) ?? []);
	if (silent !== '')
		throw new Failure('envoy', `Cannot change the ports: Envoy is ${silent}`, 'See its bootstrap (envoy.config)');
	await takeOver();
	charge.plan = plan;
	return 'same';
}

function rolledBack({ proxy, ending }: Charge, error: unknown): Failure {
	const failure = failureOf(ending.signal.aborted ? ending.signal.reason : error);
	const { code, message, remedy } = failure;
	if (ending.signal.aborted) return failure;
	const rest = proxy === undefined ? 'the former is started again' : 'the former goes on';
	return new Failure(code, `${message}; ${rest}`, remedy, error);
}

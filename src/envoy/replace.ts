import { Failure, failureOf } from '../failure.ts';
import { drainAndStop } from './drain.ts';
import { withoutTaken } from './free-ports.ts';
import { own } from './own.ts';
import { missingListeners, requireOriginalDst } from './readiness.ts';
import type { RunningProxy } from './runtime.ts';
import { type EnvoySpec, listenerPorts } from './spec.ts';
import { launch, prepare, withoutPullAlways } from './start.ts';
import { lead, type RunningInstance, type SupervisorState, trackTask } from './supervisor-state.ts';
import { afterReplacing, beforeReplacing } from './transitions.ts';

export interface Change {
	readonly plan: EnvoySpec;
	/** The image is looked up again even where nothing else changed. */
	readonly isUpdate: boolean;
	/** Leads traffic to the new Envoy where its ports differ; both run meanwhile. */
	readonly takeOver: () => Promise<void>;
}

/**
 * The new Envoy is LIVE beside the former, on the same ports where they are the same, before the former closes its
 * listeners. Whatever it needs is fetched first, however long that takes; a former that ends meanwhile is restarted as
 * usual. If the new one fails, the former continues unchanged.
 */
export async function replace(
	self: SupervisorState,
	wanted: Change,
	signal: AbortSignal,
): Promise<'replaced' | 'same'> {
	if (self.isUpdating) throw underWay();
	self.isUpdating = true;
	try {
		const change = { ...wanted, plan: await withoutTaken(self, wanted.plan) };
		const hash = await prepareChange(self, change, signal);
		return await preemptStart(self, () => exchange(self, change, hash, signal));
	} catch (error) {
		throw rolledBack(self, error);
	} finally {
		self.isUpdating = false;
		if (self.plan !== undefined) self.deps.bootstraps.keepOnly(self.plan.spec.files);
	}
}

const underWay = (): Failure =>
	new Failure('envoy', 'Cannot update: another update is under way', 'Wait for its end: turnout status');

/** Cancels a start that is under way, its pause included: the replacement is the next start. */
async function preemptStart<T>(self: SupervisorState, act: () => Promise<T>): Promise<T> {
	if (self.state.kind === 'starting') self.state.attempt.abort();
	self.state = beforeReplacing(self.state);
	return self.lock(async () => {
		try {
			return await act();
		} finally {
			self.state = afterReplacing(self.state);
			if (self.state.kind === 'idle' && self.plan !== undefined) self.restart();
		}
	});
}

/** The hash of the new instance, once all it needs is on this host; undefined where the running one is as wanted. */
export async function prepareChange(
	self: SupervisorState,
	{ plan, isUpdate }: Change,
	signal: AbortSignal,
): Promise<string | undefined> {
	const isSame = JSON.stringify((self.plan ?? plan).spec) === JSON.stringify(plan.spec);
	if (self.state.instance !== undefined && isSame && !isUpdate) return undefined;
	return prepare(self, plan, true, signal);
}

/** Caller holds `lock`. */
export async function exchange(
	self: SupervisorState,
	change: Change,
	prepared: string | undefined,
	signal: AbortSignal,
): Promise<'replaced' | 'same'> {
	const { plan } = change;
	const former = self.state.instance;
	if (former !== undefined && (prepared === undefined || former.proxy.hash === prepared))
		return keepRunning(self, change, former.proxy, signal);
	// The one that was as wanted has ended in the meantime.
	const hash = prepared ?? (await prepare(self, withoutPullAlways(plan), true, signal));
	await startBeside(self, change, hash, former, signal);
	return 'replaced';
}

async function startBeside(
	self: SupervisorState,
	{ plan, takeOver }: Change,
	hash: string,
	former: RunningInstance | undefined,
	signal: AbortSignal,
): Promise<void> {
	const formerPlan = self.plan ?? plan;
	const handOver = await self.deps.handOver(listenerPorts(formerPlan));
	const live = await launch(self, plan, hash, signal, {});
	try {
		signal.throwIfAborted();
		await takeOver();
	} catch (error) {
		await live.proxy.stop(0);
		throw error;
	}
	const hasFormer = former !== undefined && former === self.state.instance;
	own(self, plan, live);
	if (!hasFormer) await live.proxy.promote();
	else {
		const drained = drainAndStop(self, formerPlan, former.proxy, handOver);
		trackTask(
			self,
			drained.then(() => self.state.instance?.proxy.promote()),
		);
	}
}

const expectationsOf = (plan: EnvoySpec | undefined): string =>
	JSON.stringify([plan?.ports, plan?.lanes, plan?.families]);

/** The same Envoy for a plan that differs only in what is expected of it. */
async function keepRunning(
	self: SupervisorState,
	{ plan, takeOver }: Change,
	proxy: RunningProxy,
	signal: AbortSignal,
): Promise<'same'> {
	if (expectationsOf(plan) !== expectationsOf(self.plan)) {
		const admin = self.deps.admin(plan, proxy);
		const listeners = await admin.listeners(signal);
		const why =
			listeners === undefined ? 'does not answer' : missingListeners(plan, listeners).replace(/^(?=.)/, 'is ');
		if (why !== '')
			throw new Failure('envoy', `Cannot change what is led to Envoy: it ${why}`, 'See its bootstrap (envoy.config)');
		await requireOriginalDst(admin, plan, signal);
	}
	await takeOver();
	lead(self, plan);
	return 'same';
}

function rolledBack({ state, history, ending }: SupervisorState, error: unknown): Failure {
	if (ending.signal.aborted) return failureOf(ending.signal.reason);
	const { code, message, remedy } = failureOf(error);
	const stays = history.state.kind === 'silent' ? 'the former is as it was' : 'the former goes on';
	const rest = state.instance === undefined ? 'the former is started again' : stays;
	return new Failure(code, `${message}; ${rest}`, remedy, error);
}

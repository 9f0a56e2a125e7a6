import { atStart, changedKeys, imageOf } from '../config/changes.ts';
import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import { failureOf } from '../failure.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { applyRules } from './interception.ts';
import type { DaemonState } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

/** The settings that held before a reload which nobody has confirmed. */
export interface Former {
	readonly loaded: Loaded;
	readonly context: DaemonContext;
	/** What a restart would read otherwise. */
	readonly unconfirmed: readonly string[];
}

export const writtenOf = ({ written }: Loaded): Written => Object.fromEntries(written);

/** Undefined where the settings were the same then. What is read once, at the start, is as it was at ours. */
export async function readFormer(
	state: DaemonState,
	deps: DaemonDependencies,
	{ settings }: PendingConfirmation,
): Promise<Former | undefined> {
	if (settings === undefined) return undefined;
	const { loaded: now, context } = state;
	const fixed = Object.fromEntries([...now.written].filter(([key]) => atStart.includes(key)));
	const loaded = deps.recall({ ...settings, ...fixed });
	return {
		loaded,
		context: await deps.resolve(loaded, context),
		unconfirmed: changedKeys(loaded, now),
	};
}

/** Rules as they were, at once; our Envoy stays on the ports that it has by now until it follows. One change among others. */
export async function takeBack(state: DaemonState, deps: DaemonDependencies, former: Former): Promise<void> {
	const { ingressPort, egressPort } = state.context.config;
	const ports = deps.proxy === undefined ? {} : { ingressPort, egressPort };
	const { config, capture } = former.context;
	const context = { ...former.context, config: { ...config, ...ports }, capture: { ...capture, ...ports } };
	if (state.applied !== undefined) await applyRules(state, context, deps);
	Object.assign(state, { ...former, context });
	if (deps.proxy !== undefined) void exchangeBack(state, deps, former);
}

async function exchangeBack(state: DaemonState, deps: DaemonDependencies, { loaded, context }: Former): Promise<void> {
	const takeOver = () =>
		state.ruleLock(async () => {
			// Somebody has reloaded meanwhile.
			if (state.loaded !== loaded) return;
			if (state.applied !== undefined) await applyRules(state, context, deps);
			state.context = context;
		});
	const plan = deps.envoySpecOf(context, loaded, imageOf(state, context.config.envoy.image));
	const exchange = async () => {
		if (state.loaded !== loaded) return;
		await deps.proxy?.replace({ plan, isUpdate: false, takeOver }, new AbortController().signal);
	};
	await state.reloadLock(exchange).catch((error) => {
		deps.log('error', 'Envoy could not follow the settings of before', { why: failureOf(error).message });
	});
}

import { atStart, changedKeys, imageOf } from '../config/changes.ts';
import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import { failureOf } from '../failure.ts';
import { onceAlone, suitingBoth } from './both-envoys.ts';
import type { DaemonCore } from './core.ts';
import type { Settings } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

export const writtenOf = ({ written }: Loaded): Written => Object.fromEntries(written);

/**
 * The settings before a reload that nobody has confirmed; undefined where none has changed them. What is read only at the
 * start is as it was at ours.
 */
export async function readFormer(
	{ state, deps }: DaemonCore,
	{ settings }: PendingConfirmation,
): Promise<Settings | undefined> {
	if (settings === undefined) return undefined;
	const { loaded: now, context } = state.settings;
	const fixed = Object.fromEntries([...now.written].filter(([key]) => atStart.includes(key)));
	const loaded = deps.recall({ ...settings, ...fixed });
	return { loaded, context: await deps.resolve(loaded, context), unconfirmed: changedKeys(loaded, now) };
}

/** Rules as they were, at once; our Envoy stays on the ports that it has by now until it follows. Caller holds `ruleLock`. */
export async function takeBack(core: DaemonCore, former: Settings): Promise<void> {
	const { state, deps, interception } = core;
	const { ingressPort, egressPort } = state.settings.context.config;
	const ports = deps.proxy === undefined ? {} : { ingressPort, egressPort };
	const { config, capture } = former.context;
	const led = { ...former.context, config: { ...config, ...ports }, capture: { ...capture, ...ports } };
	const context = deps.proxy === undefined ? led : suitingBoth(led, state.settings.context, led);
	if (state.rules.kind === 'on') await interception.apply(context);
	state.settings = { ...former, context };
	if (deps.proxy !== undefined) void replaceBack(core, former);
}

async function replaceBack(core: DaemonCore, { loaded, context }: Settings): Promise<void> {
	const { state, deps, interception } = core;
	// Somebody may have reloaded meanwhile.
	const isObsolete = () => state.settings.loaded !== loaded;
	const takeOver = () =>
		state.ruleLock(async () => {
			if (isObsolete()) return;
			const now = suitingBoth(context, state.settings.context, context);
			if (state.rules.kind === 'on') await interception.apply(now);
			state.settings = { ...state.settings, context: now };
		});
	const plan = deps.envoySpecOf(context, loaded, imageOf(state.desired, context.config.envoy.image));
	const replace = async () => {
		if (isObsolete()) return;
		await deps.proxy?.replace({ plan, isUpdate: false, takeOver }, new AbortController().signal);
		await onceAlone(core, { loaded, context });
	};
	await state.reloadLock(replace).catch((error) => {
		deps.log('error', 'Envoy could not follow the settings of before', { why: failureOf(error).message });
	});
}

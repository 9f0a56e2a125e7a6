import { imageOf, planReload } from '../config/changes.ts';
import { Failure } from '../failure.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import { onceAlone, prepareBoth, suitingBoth } from './both-envoys.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonContext } from './daemon-context.ts';
import { persist } from './desired-state.ts';
import { choiceOf, requireChosen, requireMovable } from './move-backend.ts';
import type { Settings } from './state.ts';

export interface ReloadAsked {
	/** After so long the former settings hold again, unless it is confirmed. */
	readonly confirmSeconds: number | undefined;
	/** See ReloadRequest. */
	readonly backend: string | undefined;
}

/** Resolves to the keys that differ. Whatever is wrong with the new settings is found before anything is changed. */
export async function reload(
	core: DaemonCore,
	confirmation: Confirmation,
	{ confirmSeconds, backend }: ReloadAsked,
	signal: AbortSignal,
): Promise<readonly string[]> {
	const { state, deps, interception } = core;
	const loaded = await deps.load();
	const changed = planReload(state.settings.loaded, loaded, deps.mesh !== undefined);
	const before = state.settings.context;
	if (backend !== undefined) requireMovable(loaded, backend, confirmSeconds);
	const context = await deps.resolve(loaded, { host: before.host, backend: choiceOf(before.backend, backend) });
	if (backend !== undefined) requireChosen(context.backend.name, backend);
	await computeDesired(context);
	deps.mesh?.check();
	const takeOver = (now: DaemonContext) =>
		state.ruleLock(() =>
			confirmation.reload(confirmSeconds, async () => {
				if (state.rules.kind === 'on') await interception.apply(now);
				state.settings = { loaded, context: now, unconfirmed: [] };
				deps.counters.add('ruleChanges', 'reload');
			}),
		);
	await leadTo(core, { loaded, context }, takeOver, signal);
	const moved = context.backend.name === before.backend.name || changed.includes('backend') ? [] : ['backend'];
	// The next start goes on with it.
	if (moved.length > 0) persist(core, {});
	deps.log('info', 'settings reloaded', { changed: [...changed, ...moved].join(',') });
	return [...changed, ...moved];
}

/**
 * The mesh calls the application on other ports: the rules follow, by the settings that hold. Settings that nobody has
 * reloaded stay where they are, and what waits to be confirmed still waits.
 */
export async function followPorts(core: DaemonCore, signal: AbortSignal): Promise<void> {
	const { state, deps, interception } = core;
	const { loaded } = state.settings;
	const context = await deps.resolve(loaded, state.settings.context);
	await computeDesired(context);
	const takeOver = (now: DaemonContext) =>
		state.ruleLock(async () => {
			// They may have gone back to those of before in the meantime.
			if (state.settings.loaded !== loaded) return;
			if (state.rules.kind === 'on') await interception.apply(now);
			state.settings = { ...state.settings, context: now };
			deps.counters.add('ruleChanges', 'reload');
		});
	await leadTo(core, { loaded, context }, takeOver, signal);
	deps.log('info', 'the rules follow the ports of the mesh');
}

/** To the Envoy that these settings ask for; where somebody else runs it only the rules change. */
async function leadTo(
	core: DaemonCore,
	{ loaded, context }: Pick<Settings, 'loaded' | 'context'>,
	takeOver: (now: DaemonContext) => Promise<void>,
	signal: AbortSignal,
): Promise<void> {
	const { state, deps } = core;
	if (deps.proxy === undefined) return takeOver(context);
	const plan = deps.envoySpecOf(context, loaded, imageOf(state.desired, context.config.envoy.image));
	const now = suitingBoth(context, state.settings.context, context);
	const undo = await prepareBoth(core, context);
	await deps.proxy.replace({ plan, isUpdate: false, takeOver: () => takeOver(now) }, signal).catch(async (error) => {
		await undo();
		throw error;
	});
	await onceAlone(core, { loaded, context });
}

/** Envoy from its image as the registry has it now, or from another one. Says whether that is a new one. */
export async function update(core: DaemonCore, image: string | undefined, signal: AbortSignal): Promise<boolean> {
	const { state, deps } = core;
	const { context, loaded } = state.settings;
	const { runtime, image: settings } = context.config.envoy;
	if (deps.proxy === undefined || (image !== undefined && runtime !== 'docker')) throw notOurs(runtime);
	const plan = deps.envoySpecOf(context, loaded, image ?? imageOf(state.desired, settings));
	const pull = plan.spec.pull === 'never' ? 'never' : 'always';
	const change = { plan: { ...plan, spec: { ...plan.spec, pull } as const }, isUpdate: true };
	const isNew = (await deps.proxy.replace({ ...change, takeOver: async () => undefined }, signal)) === 'replaced';
	if (image !== undefined) persist(core, { image: { chosen: image, settings } });
	deps.log('info', isNew ? 'envoy updated' : 'envoy is up to date', { image: plan.spec.image });
	return isNew;
}

const notOurs = (runtime: string): Failure =>
	new Failure(
		'usage',
		runtime === 'none'
			? 'Cannot update: somebody else runs Envoy (envoy.runtime is none)'
			: 'Cannot update to another image: Envoy runs as a process (envoy.runtime is process)',
		'An image is updated with envoy.runtime (TURNOUT_ENVOY_RUNTIME) docker',
	);

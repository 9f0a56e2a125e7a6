import { imageOf, planReload } from '../config/changes.ts';
import { Failure } from '../failure.ts';
import { computeDesired } from '../reconcile/resolve.ts';
import { reloadWithConfirm } from './confirm.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { applyRules, persist } from './interception.ts';
import type { DaemonState } from './state.ts';

/**
 * The keys of the settings that differ. Whatever is wrong with them is found before anything is changed. `seconds`: the
 * former ones hold again after these, unless it is confirmed.
 */
export async function reload(
	state: DaemonState,
	deps: DaemonDependencies,
	seconds: number | undefined,
	signal: AbortSignal,
): Promise<readonly string[]> {
	const loaded = await deps.load();
	const changed = planReload(state.loaded, loaded);
	const context = await deps.resolve(loaded, state.context);
	await computeDesired(context);
	const takeOver = () =>
		state.ruleLock(() =>
			reloadWithConfirm(state, deps, seconds, async () => {
				if (state.applied !== undefined) await applyRules(state, context, deps);
				Object.assign(state, { loaded, context, unconfirmed: [] });
				deps.counters.add('ruleChanges', 'reload');
			}),
		);
	if (deps.proxy === undefined) await takeOver();
	else {
		const plan = deps.envoySpecOf(context, loaded, imageOf(state, context.config.envoy.image));
		await deps.proxy.replace({ plan, isUpdate: false, takeOver }, signal);
	}
	deps.log('info', 'settings reloaded', { changed: changed.join(',') });
	return changed;
}

/** Envoy as its image is now, or from another one. Says whether it was another than the one that runs. */
export async function update(
	state: DaemonState,
	deps: DaemonDependencies,
	image: string | undefined,
	signal: AbortSignal,
): Promise<boolean> {
	const { context, loaded } = state;
	const { runtime, image: settings } = context.config.envoy;
	if (deps.proxy === undefined || (image !== undefined && runtime !== 'docker')) throw notOurs(runtime);
	const plan = deps.envoySpecOf(context, loaded, image ?? imageOf(state, settings));
	const pull = plan.spec.pull === 'never' ? 'never' : 'always';
	const change = { plan: { ...plan, spec: { ...plan.spec, pull } as const }, isUpdate: true };
	const isNew = (await deps.proxy.replace({ ...change, takeOver: async () => undefined }, signal)) === 'replaced';
	if (image !== undefined) persist(state, { image: { chosen: image, settings } }, deps);
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

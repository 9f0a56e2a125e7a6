import { imageOf, planReload } from '../config/changes.ts';
import { Failure } from '../failure.ts';
import { aimOf } from '../reconcile/resolve.ts';
import { reloadFor } from './confirm.ts';
import type { DaemonParts } from './dependencies.ts';
import { remember, turnOn } from './interception.ts';
import type { Holding } from './state.ts';

/**
 * The keys of the settings that differ. Whatever is wrong with them is found before anything is changed. `seconds`: the
 * former ones hold again after these, unless it is confirmed.
 */
export async function reload(
	holding: Holding,
	parts: DaemonParts,
	seconds: number | undefined,
	signal: AbortSignal,
): Promise<readonly string[]> {
	const loaded = await parts.load();
	const changed = planReload(holding.loaded, loaded);
	const survey = await parts.resolve(loaded, holding.survey);
	await aimOf(survey);
	const takeOver = () =>
		holding.exclusive(() =>
			reloadFor(holding, parts, seconds, async () => {
				if (holding.aim !== undefined) await turnOn(holding, survey, parts);
				Object.assign(holding, { loaded, survey, unconfirmed: [] });
				parts.tallies.add('ruleChanges', 'reload');
			}),
		);
	if (parts.proxy === undefined) await takeOver();
	else {
		const plan = parts.planOf(survey, loaded, imageOf(holding, survey.config.envoy.image));
		await parts.proxy.replace({ plan, isUpdate: false, takeOver }, signal);
	}
	parts.log('info', 'settings reloaded', { changed: changed.join(',') });
	return changed;
}

/** Envoy as its image is now, or from another one. Says whether it was another than the one that runs. */
export async function update(
	holding: Holding,
	parts: DaemonParts,
	image: string | undefined,
	signal: AbortSignal,
): Promise<boolean> {
	const { survey, loaded } = holding;
	const { runtime, image: settings } = survey.config.envoy;
	if (parts.proxy === undefined || (image !== undefined && runtime !== 'docker')) throw notOurs(runtime);
	const plan = parts.planOf(survey, loaded, image ?? imageOf(holding, settings));
	const pull = plan.spec.pull === 'never' ? 'never' : 'always';
	const change = { plan: { ...plan, spec: { ...plan.spec, pull } as const }, isUpdate: true };
	const isNew = (await parts.proxy.replace({ ...change, takeOver: async () => undefined }, signal)) === 'replaced';
	if (image !== undefined) remember(holding, { image: { chosen: image, settings } }, parts);
	parts.log('info', isNew ? 'envoy updated' : 'envoy is up to date', { image: plan.spec.image });
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

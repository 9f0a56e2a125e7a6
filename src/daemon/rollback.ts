import { atStart, changedKeys, imageOf } from '../config/changes.ts';
import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import { failureOf } from '../failure.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonParts } from './dependencies.ts';
import { turnOn } from './interception.ts';
import type { Holding } from './state.ts';
import type { Pending } from './stores.ts';

/** The settings that held before a reload which nobody has confirmed. */
export interface Former {
	readonly loaded: Loaded;
	readonly survey: DaemonContext;
	/** What a restart would read otherwise. */
	readonly unconfirmed: readonly string[];
}

export const writtenOf = ({ written }: Loaded): Written => Object.fromEntries(written);

/** Undefined where the settings were the same then. What is read once, at the start, is as it was at ours. */
export async function readFormer(
	holding: Holding,
	parts: DaemonParts,
	{ settings }: Pending,
): Promise<Former | undefined> {
	if (settings === undefined) return undefined;
	const { loaded: now, survey } = holding;
	const fixed = Object.fromEntries([...now.written].filter(([key]) => atStart.includes(key)));
	const loaded = parts.recall({ ...settings, ...fixed });
	return {
		loaded,
		survey: await parts.resolve(loaded, survey),
		unconfirmed: changedKeys(loaded, now),
	};
}

/** Rules as they were, at once; our Envoy stays on the ports that it has by now until it follows. One change among others. */
export async function takeBack(holding: Holding, parts: DaemonParts, former: Former): Promise<void> {
	const { ingressPort, egressPort } = holding.survey.config;
	const ports = parts.proxy === undefined ? {} : { ingressPort, egressPort };
	const { config, capture } = former.survey;
	const survey = { ...former.survey, config: { ...config, ...ports }, capture: { ...capture, ...ports } };
	if (holding.aim !== undefined) await turnOn(holding, survey, parts);
	Object.assign(holding, { ...former, survey });
	if (parts.proxy !== undefined) void exchangeBack(holding, parts, former);
}

async function exchangeBack(holding: Holding, parts: DaemonParts, { loaded, survey }: Former): Promise<void> {
	const takeOver = () =>
		holding.exclusive(async () => {
			// Somebody has reloaded meanwhile.
			if (holding.loaded !== loaded) return;
			if (holding.aim !== undefined) await turnOn(holding, survey, parts);
			holding.survey = survey;
		});
	const plan = parts.planOf(survey, loaded, imageOf(holding, survey.config.envoy.image));
	const exchange = async () => {
		if (holding.loaded !== loaded) return;
		await parts.proxy?.replace({ plan, isUpdate: false, takeOver }, new AbortController().signal);
	};
	await holding.exchanges(exchange).catch((error) => {
		parts.log('error', 'Envoy could not follow the settings of before', { why: failureOf(error).message });
	});
}

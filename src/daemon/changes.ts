import { setTimeout as sleep } from 'node:timers/promises';
import type { Loaded } from '../config/read.ts';
import type { Wanted } from '../control/protocol.ts';
import type { Exclusive } from '../exclusive.ts';
import { Failure, failureOf } from '../failure.ts';
import type { Held } from '../ruleset/held.ts';
import { type Known, release } from '../steady/interception.ts';
import type { ByFamily } from '../steady/rules.ts';
import { type Aim, aimOf, interceptSurveyed, type Survey, surveyHost } from '../survey.ts';
import type { DaemonParts } from './parts.ts';
import { planReload } from './reload.ts';

/** One change of rules is a matter of milliseconds; a lock that somebody holds may take longer. */
const CHANGE_TIMEOUT_MS = 60_000;
const SETTLE_POLL_MS = 1_000;

/** What the daemon holds: the wish, what was aimed at for it, and the settings behind. Changed one change at a time. */
export interface Holding {
	/** Changes wait for one another. */
	readonly exclusive: Exclusive;
	loaded: Loaded;
	survey: Survey;
	wanted: Wanted;
	/** Since when the wish holds. */
	since: string;
	/** What was committed last; undefined while rules are off. */
	aim: Aim | undefined;
	/** What our last change left behind, read back then; undefined after a change that failed. */
	known: Known | undefined;
	/** Rules were taken away because Envoy is gone. */
	isLifted: boolean;
	/** Envoy's ports that connections have been captured for since the start; a reload may have moved them. */
	readonly capturedFor: Set<number>;
	/** Rules are off, and what connections captured before need to go on may be there. */
	isUnsettled: boolean;
	/** Envoy is not LIVE yet, and the rules wait for it. */
	isStarting: boolean;
}

export async function turnOn(
	holding: Holding,
	survey: Survey,
	{ log }: DaemonParts,
): Promise<ByFamily<Held> | undefined> {
	const startedMs = performance.now();
	for (const port of [survey.config.ingressPort, survey.config.egressPort]) holding.capturedFor.add(port);
	const before = holding.known;
	holding.known = undefined;
	const { target, ipv6Past, known } = await interceptSurveyed(survey, AbortSignal.timeout(CHANGE_TIMEOUT_MS), before);
	Object.assign(holding, {
		known,
		aim: { target, ipv6Past },
		isLifted: false,
		isUnsettled: false,
	});
	const families = target.families.join(',');
	log('info', 'interception enabled', { backend: target.dialect, families, ms: sinceMs(startedMs) });
	if (ipv6Past !== '') log('warn', 'IPv6 goes past Envoy', { why: ipv6Past });
	return known.get(target.dialect);
}

/** Rules and routes off. Connections that were captured go on; `settle` takes away what they need for that. */
export async function turnOff(holding: Holding, parts: DaemonParts): Promise<void> {
	const { log } = parts;
	const startedMs = performance.now();
	holding.known = undefined;
	holding.known = await release(holding.survey.host, { tracked: true }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	holding.aim = undefined;
	holding.isUnsettled = true;
	log('info', 'interception disabled', { ms: sinceMs(startedMs) });
	await settle(holding, parts);
	void keepSettling(holding, parts);
}

/** Nothing of ours is left once the last captured connection has ended. */
export async function settle(holding: Holding, parts: DaemonParts): Promise<void> {
	if (!holding.isUnsettled || openConnections(holding, parts) > 0) return;
	holding.known = undefined;
	holding.known = await release(holding.survey.host, { tracked: false }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	holding.isUnsettled = false;
}

/** Looks now and then whether the last captured connection has ended, until it has. */
async function keepSettling(holding: Holding, parts: DaemonParts): Promise<void> {
	while (holding.isUnsettled) {
		await sleep(SETTLE_POLL_MS, undefined, { ref: false });
		await holding
			.exclusive(() => settle(holding, parts))
			.catch((error) => {
				parts.log('warn', 'what is left could not be taken away', { why: failureOf(error).message });
			});
	}
}

/** How many captured connections are open. */
export const openConnections = ({ capturedFor }: Holding, { captured }: DaemonParts): number =>
	captured([...capturedFor]);

const sinceMs = (startedMs: number): number => Math.round(performance.now() - startedMs);

/** Rules on, now or as soon as Envoy is LIVE; and remembered. Resolves to what was read back, if they are on now. */
export async function enable(holding: Holding, parts: DaemonParts): Promise<ByFamily<Held> | undefined> {
	const life = parts.proxy?.life();
	if (life?.kind === 'failed')
		throw new Failure('envoy', `Cannot enable: ${life.why}`, 'Restart turnout, which starts Envoy again');
	const former = { wanted: holding.wanted, since: holding.since };
	// Remembered first: a folder that cannot be written is found out before the host is changed.
	wish(holding, 'enabled', parts);
	try {
		return holding.isStarting ? undefined : await turnOn(holding, holding.survey, parts);
	} catch (error) {
		remember(holding, former, parts);
		throw error;
	}
}

export async function disable(holding: Holding, parts: DaemonParts): Promise<void> {
	await turnOff(holding, parts);
	holding.isLifted = false;
	const since = holding.wanted === 'disabled' ? holding.since : new Date().toISOString();
	// The rules are off whether or not that can be remembered.
	Object.assign(holding, { wanted: 'disabled', since });
	wish(holding, 'disabled', parts);
}

function wish(holding: Holding, wanted: Wanted, parts: DaemonParts): void {
	const since = wanted === holding.wanted ? holding.since : new Date().toISOString();
	remember(holding, { wanted, since }, parts);
}

function remember(
	holding: Holding,
	{ wanted, since }: Pick<Holding, 'wanted' | 'since'>,
	{ stateFile }: DaemonParts,
): void {
	stateFile.write({ wanted, since, dialect: holding.survey.backend.name });
	Object.assign(holding, { wanted, since });
}

/** The keys of the settings that differ. Whatever is wrong with them is found before anything is changed. */
export async function reload(holding: Holding, parts: DaemonParts): Promise<readonly string[]> {
	const loaded = await parts.load();
	const { config, backend, host } = holding.survey;
	const changed = planReload(holding.loaded, loaded, config.envoy.runtime);
	const survey = await surveyHost(host, loaded, backend.name, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	await (holding.aim === undefined ? aimOf(survey) : turnOn(holding, survey, parts));
	Object.assign(holding, { loaded, survey });
	parts.log('info', 'settings reloaded', { changed: changed.join(',') });
	return changed;
}

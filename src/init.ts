import { captureOnce } from './capture-once.ts';
import { comeFirst } from './daemon/order.ts';
import { Failure } from './failure.ts';
import { readListeners } from './host/listeners.ts';
import { openHost } from './host/open.ts';
import { createOthersReader } from './host/others.ts';
import { loopRisk } from './loop.ts';
import type { Routing } from './ports.ts';
import { whyLeftOut } from './routing/taken.ts';
import { ownChains } from './ruleset/held.ts';
import { sessionRisk } from './sessions.ts';
import { loadSettings, type SettingsArguments } from './settings.ts';
import { inspect } from './steady/interception.ts';
import { type RoutingTarget, readRouting, takenOf } from './steady/routes.ts';
import { type Hit, type Survey, surveyHost } from './survey.ts';
import { limitedWhy } from './telemetry/limited.ts';
import { families } from './units.ts';

export interface InitReport {
	readonly backend: { readonly name: string; readonly why: string };
	readonly families: readonly string[];
	/** Rules committed and read back, both families together. */
	readonly rules: number;
	readonly notices: readonly string[];
}

/** Rules and routes on, once, read back; needs no daemon. Envoy is somebody else's business here. */
export async function runInit(settings: SettingsArguments, signal: AbortSignal): Promise<InitReport> {
	const host = await openHost(ownChains, signal);
	const loaded = await loadSettings(settings);
	const survey = await surveyHost(host, loaded, undefined, signal);
	const others = createOthersReader(host.tools);
	await others.chains();
	const hit = await interceptFor(survey, signal);
	const { target, ipv6Past, limited } = hit;
	const told = [
		ipv6Past === '' ? '' : `IPv6 goes past Envoy: ${ipv6Past}`,
		limited === undefined ? '' : limitedWhy(limited),
		...(await comeFirst(others, { survey, hit }, signal)),
		loopRisk(survey.capture, await readListeners()),
		await sessionRisk(survey.capture, target.families, process.env),
		await leftOut(host.routing, target),
	];
	const chains = families.flatMap((family) => target.rules[family].chains);
	return {
		backend: survey.backend,
		families: target.families,
		rules: chains.reduce((sum, { rules }) => sum + rules.length, 0),
		notices: [...loaded.notices, ...survey.notices, ...told.filter((notice) => notice !== '')],
	};
}

async function leftOut(routing: Routing, target: RoutingTarget): Promise<string> {
	const taken = takenOf(await readRouting(routing), target);
	return taken === undefined ? '' : `policy rule and route: ${whyLeftOut(taken).why}`;
}

const ATTEMPTS = 3;

/** Somebody who takes ours away at the same moment, such as `turnout clean`, may have been between the routes and the rules. */
async function interceptFor(survey: Survey, signal: AbortSignal): Promise<Hit> {
	for (let attempt = 1; ; attempt += 1) {
		const hit = await captureOnce(survey, signal);
		const { differences } = await inspect(survey.host, hit.target, true, signal, hit.known.get(hit.target.dialect));
		const [first] = families.flatMap((family) => differences[family]);
		if (first === undefined) return hit;
		if (attempt < ATTEMPTS) continue;
		const what = `${first.kind} in ${first.table}: ${first.line}`;
		throw new Failure('interrupted', `Cannot keep rules and routes: somebody takes them away: ${what}`, 'Try again');
	}
}

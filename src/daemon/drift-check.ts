import type { Firewall } from '../firewall/firewall.ts';
import { type ByFamily, readAgain, readHeld } from '../firewall/iptables/apply-rules.ts';
import { type Held, isCapturing } from '../firewall/iptables/installed.ts';
import { type HostDifference, intercept } from '../reconcile/apply.ts';
import { type Repaired, repairRules } from '../reconcile/repair.ts';
import { type Aim, aimAgain } from '../reconcile/resolve.ts';
import { atStage, stageFor } from '../reconcile/staged-capture.ts';
import { families } from '../values/units.ts';
import type { Notice } from './change-monitor.ts';
import { adopt } from './confirm.ts';
import type { DaemonParts } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, forgetPast } from './interception.ts';
import { takeRestored } from './remove-restored.ts';
import type { Repair } from './repair-log.ts';
import { mendRoutes } from './routing-room.ts';
import type { Holding } from './state.ts';

/** What may not be as wanted. */
export type Suspect = Notice['subject'] | 'everything';
type Suspects = ReadonlySet<Suspect>;

export interface Mended {
	/** What was put right. */
	readonly repair?: Pick<Repair, 'subject' | 'lines'>;
	/** Why the routes could not be, which keeps nobody from the rules. */
	readonly failure?: unknown;
}

/**
 * Looks at what is suspected, and puts right what is not as wanted. What is switched off is not put back, and goes where
 * somebody else has put it back. One change
 * among others: to be called while no other is under way.
 */
export async function mend(holding: Holding, parts: DaemonParts, suspects: Suspects): Promise<Mended> {
	await adopt(holding, parts);
	if (holding.isStarting || holding.isEnding) return {};
	if (holding.aim !== undefined) return mendAim(holding, parts, suspects, holding.aim);
	const repair = await takeRestored(holding, parts, suspects);
	return repair === undefined ? {} : { repair };
}

async function mendAim(holding: Holding, parts: DaemonParts, suspects: Suspects, before: Aim): Promise<Mended> {
	const { survey } = holding;
	const isSuspect = (...of: readonly Suspect[]) =>
		[...of, 'everything' as const].some((suspect) => suspects.has(suspect));
	const aim = isSuspect('addresses') ? await aimAgain(survey, before) : before;
	const firewall = survey.host.firewalls.find(({ dialect }) => dialect === aim.target.dialect);
	if (firewall === undefined || capturesMore(aim, before)) return { repair: await captureMore(holding, parts, aim) };
	const { known } = holding;
	// Until it is read back.
	holding.known = undefined;
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const isRouting = isSuspect('routes', 'addresses');
	const routes = isRouting ? await tolerating(() => mendRoutes(holding, parts, aim.target)) : nothingFound;
	const held = await readSuspects(firewall, known?.get(aim.target.dialect), suspects, signal);
	const rules = await repairRules(firewall, aim.target, held, signal);
	const target = atStage(aim.target, stageFor(rules.held, aim.target));
	holding.known = new Map(known).set(aim.target.dialect, rules.held);
	const claimed = await parts.order.claim(survey.host, aim.target, rules.held, signal);
	const behind = claimed.map((line): HostDifference => ({ kind: 'misplaced', table: 'nat', line }));
	const found = [...rules.found, ...routes.found, ...behind];
	// Another object: what was opened in between went past Envoy, and is counted anew.
	holding.aim = found.length === 0 ? aim : { ...aim, target: { ...target } };
	if (rules.found.length + behind.length > 0) forgetPast(holding, parts);
	const { failure } = routes;
	return {
		...(found.length === 0 ? {} : { repair: repairOf(found) }),
		...(failure === undefined ? {} : { failure }),
	};
}

const capturesMore = ({ target: { rules } }: Aim, { target }: Aim): boolean =>
	isCapturing(rules.ipv6) && !isCapturing(target.rules.ipv6);

type RoutesMended = Repaired & Pick<Mended, 'failure'>;
const nothingFound: RoutesMended = { found: [] };

async function tolerating(act: () => Promise<Repaired>): Promise<RoutesMended> {
	try {
		return await act();
	} catch (failure) {
		return { ...nothingFound, failure };
	}
}

/** IPv6 that has come up. */
async function captureMore(holding: Holding, parts: DaemonParts, aim: Aim): Promise<Pick<Repair, 'subject' | 'lines'>> {
	const { known, survey } = holding;
	const target = atStage(aim.target, 'opening');
	holding.known = undefined;
	holding.known = await intercept(survey.host, target, AbortSignal.timeout(CHANGE_TIMEOUT_MS), known);
	holding.aim = { ...aim, target };
	forgetPast(holding, parts);
	return { subject: 'rules', lines: ['IPv6 has come up since, and was not captured'] };
}

/** Where nothing is known everything is read. */
function readSuspects(
	firewall: Firewall,
	believed: ByFamily<Held> | undefined,
	suspects: Suspects,
	signal: AbortSignal,
): Promise<ByFamily<Held>> {
	if (believed === undefined || suspects.has('everything')) return readHeld(firewall, signal);
	const suspected = families.filter((family) => suspects.has(`${family} rules`));
	return readAgain(firewall, believed, suspected, signal);
}

function repairOf(found: readonly HostDifference[]): Pick<Repair, 'subject' | 'lines'> {
	const subject = found.some(({ table }) => table !== 'routing') ? 'rules' : 'routes';
	return { subject, lines: found.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`) };
}

import type { Firewall, Installed } from '../firewall/firewall.ts';
import { apply } from '../reconcile/apply.ts';
import type { HostDifference } from '../reconcile/inspect.ts';
import { type Repaired, repairRules } from '../reconcile/repair.ts';
import { type DesiredState, refreshDesired } from '../reconcile/resolve.ts';
import { atStage, stageFor } from '../reconcile/staged-capture.ts';
import { isCapturing } from '../ruleset/build.ts';
import { families } from '../values/units.ts';
import type { ChangeEvent } from './change-monitor.ts';
import { adoptRollback } from './confirm.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, dropStaleConntrackSoon } from './interception.ts';
import { takeRestored } from './remove-restored.ts';
import type { Repair } from './repair-log.ts';
import { mendRoutes } from './routing-room.ts';
import type { DaemonState } from './state.ts';

/** What may not be as wanted. */
export type Scope = ChangeEvent['subject'] | 'everything';
type Suspects = ReadonlySet<Scope>;

export interface RepairResult {
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
export async function repairDrift(
	state: DaemonState,
	deps: DaemonDependencies,
	suspects: Suspects,
): Promise<RepairResult> {
	await adoptRollback(state, deps);
	if (state.isStarting || state.isEnding) return {};
	if (state.applied !== undefined) return mendAim(state, deps, suspects, state.applied);
	const repair = await takeRestored(state, deps, suspects);
	return repair === undefined ? {} : { repair };
}

async function mendAim(
	state: DaemonState,
	deps: DaemonDependencies,
	suspects: Suspects,
	before: DesiredState,
): Promise<RepairResult> {
	const { context } = state;
	const isSuspect = (...of: readonly Scope[]) =>
		[...of, 'everything' as const].some((suspect) => suspects.has(suspect));
	const desired = isSuspect('addresses') ? await refreshDesired(context, before) : before;
	const firewall = context.host.firewalls.find(({ dialect }) => dialect === desired.target.dialect);
	if (firewall === undefined || capturesMore(desired, before)) return { repair: await addIpv6(state, deps, desired) };
	const { lastRead } = state;
	// Until it is read back.
	state.lastRead = undefined;
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const isRouting = isSuspect('routes', 'addresses');
	const routes = isRouting ? await settled(() => mendRoutes(state, deps, desired.target)) : nothingFound;
	const held = await readSuspects(firewall, lastRead?.get(desired.target.dialect), suspects, signal);
	const rules = await repairRules(firewall, desired.target, held, signal);
	const target = atStage(desired.target, stageFor(rules.installed, desired.target));
	state.lastRead = new Map(lastRead).set(desired.target.dialect, rules.installed);
	const claimed = await deps.order.claim(context.host, desired.target, rules.installed, signal);
	const behind = claimed.map((line): HostDifference => ({ kind: 'misplaced', table: 'nat', line }));
	const found = [...rules.found, ...routes.found, ...behind];
	// Another object: what was opened in between went past Envoy, and is counted anew.
	state.applied = found.length === 0 ? desired : { ...desired, target: { ...target } };
	if (rules.found.length + behind.length > 0) dropStaleConntrackSoon(state, deps);
	const { failure } = routes;
	return {
		...(found.length === 0 ? {} : { repair: repairOf(found) }),
		...(failure === undefined ? {} : { failure }),
	};
}

const capturesMore = ({ target: { rules } }: DesiredState, { target }: DesiredState): boolean =>
	isCapturing(rules.ipv6) && !isCapturing(target.rules.ipv6);

type RoutesMended = Repaired & Pick<RepairResult, 'failure'>;
const nothingFound: RoutesMended = { found: [] };

async function settled(act: () => Promise<Repaired>): Promise<RoutesMended> {
	try {
		return await act();
	} catch (failure) {
		return { ...nothingFound, failure };
	}
}

/** IPv6 that has come up. */
async function addIpv6(
	state: DaemonState,
	deps: DaemonDependencies,
	desired: DesiredState,
): Promise<Pick<Repair, 'subject' | 'lines'>> {
	const { lastRead, context } = state;
	const target = atStage(desired.target, 'opening');
	state.lastRead = undefined;
	state.lastRead = await apply(context.host, target, AbortSignal.timeout(CHANGE_TIMEOUT_MS), lastRead);
	state.applied = { ...desired, target };
	dropStaleConntrackSoon(state, deps);
	return { subject: 'rules', lines: ['IPv6 has come up since, and was not captured'] };
}

/** Where nothing is known everything is read. */
function readSuspects(
	firewall: Firewall,
	believed: Installed | undefined,
	suspects: Suspects,
	signal: AbortSignal,
): Promise<Installed> {
	if (believed === undefined || suspects.has('everything')) return firewall.read(signal);
	const suspected = families.filter((family) => suspects.has(`${family} rules`));
	return firewall.reread(believed, suspected, signal);
}

function repairOf(found: readonly HostDifference[]): Pick<Repair, 'subject' | 'lines'> {
	const subject = found.some(({ table }) => table !== 'routing') ? 'rules' : 'routes';
	return { subject, lines: found.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`) };
}

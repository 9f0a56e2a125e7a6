import type { HostDifference } from '../reconcile/inspect.ts';
import { type DesiredState, refreshDesired } from '../reconcile/resolve.ts';
import { atStage } from '../reconcile/staged-capture.ts';
import { isCapturing } from '../ruleset/build.ts';
import { type Family, families } from '../values/units.ts';
import type { ChangeEvent } from './change-monitor.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import { followUnits, repairFollowing } from './follow-units.ts';
import { removeRestored } from './remove-restored.ts';
import type { Repair } from './repair-log.ts';
import { isStarting, isStopping, type RulesState } from './state.ts';

/** What may not be as wanted. */
export type Scope = ChangeEvent['subject'] | 'everything';
export type Scopes = ReadonlySet<Scope>;

type RulesOn = Extract<RulesState, { readonly kind: 'on' }>;
type Repaired = Pick<Repair, 'subject' | 'lines'>;
export interface RepairResult {
	readonly repair?: Repaired;
	/** Why the routes could not be repaired, which keeps nobody from the rules. */
	readonly failure?: unknown;
}

/**
 * Checks the given scopes and repairs drift. Rules that are to be off are removed where somebody has put them back.
 * Caller holds `ruleLock`.
 */
export async function repairDrift(core: DaemonCore, confirmation: Confirmation, scopes: Scopes): Promise<RepairResult> {
	const { state } = core;
	await confirmation.adoptRollback();
	if (isStarting(state) || isStopping(state)) return {};
	if (state.rules.kind === 'on') {
		const result = await repairApplied(core, scopes, state.rules);
		// Halted in the middle of it, this daemon may have taken the rollback for damage.
		return (await confirmation.adoptRollback()) ? {} : result;
	}
	const repair = await removeRestored(core, scopes);
	return repair === undefined ? {} : { repair };
}

async function repairApplied(core: DaemonCore, scopes: Scopes, now: RulesOn): Promise<RepairResult> {
	const { state, reconciler, interception } = core;
	const { context } = state.settings;
	const { untold = [] } = now;
	const before = await followUnits(core, now.applied);
	const fresh = isIn(scopes, 'addresses') ? await refreshDesired(context, before) : before;
	const firewall = context.host.firewalls.find(({ dialect }) => dialect === fresh.target.dialect);
	if (firewall === undefined || capturesMore(fresh, before)) return { repair: await addIpv6(core, fresh) };
	let routes: RoutesRepaired = { found: [] };
	const { desired, rules } = await repairFollowing(core, firewall, fresh, {
		families: familiesIn(scopes),
		before: async () => {
			if (isIn(scopes, 'routes', 'addresses')) routes = await repairRoutes(core, fresh);
		},
	});
	const claimed = await reconciler.claimFirst(context.host, desired.target);
	const behind = claimed.map((line): HostDifference => ({ kind: 'misplaced', table: 'nat', line }));
	const found = [...rules.found, ...routes.found, ...behind];
	const told = [...untold, ...found];
	// Another object: what was opened in between bypasses Envoy, and is counted anew.
	const applied = found.length === 0 ? desired : { ...desired, target: { ...rules.target } };
	state.rules = { kind: 'on', applied };
	if (rules.found.length + behind.length > 0) interception.captureAllSoon();
	const { failure } = routes;
	return {
		...(told.length === 0 ? {} : { repair: repairOf(told) }),
		...(failure === undefined ? {} : { failure }),
	};
}

const isIn = (scopes: Scopes, ...of: readonly Scope[]): boolean =>
	[...of, 'everything' as const].some((scope) => scopes.has(scope));

/** Undefined: all of them, and what we believe to be there is not relied on. */
const familiesIn = (scopes: Scopes): readonly Family[] | undefined =>
	scopes.has('everything') ? undefined : families.filter((family) => scopes.has(`${family} rules`));

const capturesMore = ({ target: { rules } }: DesiredState, { target }: DesiredState): boolean =>
	isCapturing(rules.ipv6) && !isCapturing(target.rules.ipv6);

interface RoutesRepaired {
	readonly found: readonly HostDifference[];
	readonly failure?: unknown;
}

async function repairRoutes({ room }: DaemonCore, { target }: DesiredState): Promise<RoutesRepaired> {
	try {
		return await room.repair(target);
	} catch (failure) {
		return { found: [], failure };
	}
}

/** IPv6 that has come up. */
async function addIpv6({ state, reconciler, interception }: DaemonCore, desired: DesiredState): Promise<Repaired> {
	const target = atStage(desired.target, 'syn');
	await reconciler.applyTarget(state.settings.context.host, target);
	state.rules = { kind: 'on', applied: { ...desired, target } };
	interception.captureAllSoon();
	return { subject: 'rules', lines: ['IPv6 has come up since, and was not captured'] };
}

function repairOf(found: readonly HostDifference[]): Repaired {
	const subject = found.some(({ table }) => table !== 'routing') ? 'rules' : 'routes';
	return { subject, lines: found.map(({ kind, table, line }) => `${kind} in ${table}: ${line}`) };
}

import { Failure } from '../failure.ts';
import type { Dialect, Firewall } from '../firewall/firewall.ts';
import {
	type ByFamily,
	commitRules,
	emptyBothFamilies,
	readHeld,
	type Wanted,
} from '../firewall/iptables/apply-rules.ts';
import { drainRemainder, isRemoved } from '../firewall/iptables/conntrack-anchor.ts';
import { emptyRules, type IptablesRules } from '../firewall/iptables/installed.ts';
import { type Difference, differences } from '../firewall/iptables/restore-document.ts';
import {
	addRoutes,
	applySteps,
	invert,
	type RoutingDifference,
	readRouting,
	removeSurplus,
	routingDifferences,
	takenOf,
} from '../routing/apply-routes.ts';
import { planRemoval, planScriptRemoval } from '../routing/plan.ts';
import type { LocalRouting, Taken } from '../routing/taken.ts';
import type { Stage } from '../ruleset/stage.ts';
import { type Family, families } from '../values/units.ts';
import type { Host } from './host.ts';

/** What is to hold on this host while interception is on. */
export interface DesiredRules {
	readonly dialect: Dialect;
	/** Those captured; of the others nothing is to be there but the guard. */
	readonly families: readonly Family[];
	/** Of the stage that it is at. */
	readonly rules: ByFamily<IptablesRules>;
	readonly stage: Stage;
	readonly stages: Readonly<Record<Stage, ByFamily<IptablesRules>>>;
	readonly homeward: LocalRouting;
}

/** What was read back last, of each dialect that was looked at. */
export type ActualState = ReadonlyMap<Dialect, ByFamily<IptablesRules>>;

/**
 * Routes first, then rules: nothing is marked for a table that is not there. All of it, or what was before. What the
 * other dialects hold of ours goes last. Resolves to what is there then. `known`: see commitRules; where nothing of ours
 * was left in another dialect, it is not asked again.
 */
export async function apply(
	host: Host,
	target: DesiredRules,
	signal: AbortSignal,
	known: ActualState = new Map(),
): Promise<ActualState> {
	const firewall = firewallOf(host, target.dialect);
	const others = host.firewalls.filter(({ dialect }) => dialect !== target.dialect);
	const holders = dialectsHoldingOurs(others, signal, known);
	const facts = await readRouting(host.routing);
	const steps = await addRoutes(host.routing, facts, target);
	const held = await commitRules(firewall, () => target.rules, signal, known.get(target.dialect)).catch(
		async (error) => {
			await applySteps(host.routing, steps.toReversed().map(invert));
			throw error;
		},
	);
	for (const other of await holders) await commitRules(other, () => emptyBothFamilies, signal);
	await removeSurplus(host.routing, facts, target);
	return new Map([...others.map(({ dialect }) => [dialect, emptyBothFamilies] as const), [target.dialect, held]]);
}

/** Those that hold anything of ours; looked at while the rest goes on. */
function dialectsHoldingOurs(
	firewalls: readonly Firewall[],
	signal: AbortSignal,
	known: ActualState,
): Promise<Firewall[]> {
	const looking = firewalls.map(async (firewall) => {
		const held = known.get(firewall.dialect) ?? (await readHeld(firewall, signal));
		return families.some((family) => differences(held[family], emptyRules).length > 0) ? [firewall] : [];
	});
	const holders = Promise.all(looking).then((found) => found.flat());
	// Whoever asks is told of a failure; what fails before may keep everybody from asking.
	holders.catch(() => undefined);
	return holders;
}

/**
 * Rules first, then routes: traffic is never pointed at a table that is gone. `tracked`: what captured connections need
 * to go on stays, until a release without it. Resolves to what each dialect holds then.
 */
export async function remove(
	host: Host,
	{ keepConntrack }: { readonly keepConntrack: boolean },
	signal: AbortSignal,
): Promise<ActualState> {
	const wanted: Wanted = ({ ipv4, ipv6 }) =>
		keepConntrack ? { ipv4: drainRemainder(ipv4), ipv6: drainRemainder(ipv6) } : emptyBothFamilies;
	const left = new Map<Dialect, ByFamily<IptablesRules>>();
	for (const firewall of host.firewalls) left.set(firewall.dialect, await commitRules(firewall, wanted, signal));
	await applySteps(host.routing, planRemoval(await readRouting(host.routing)));
	return left;
}

/** Also what the 2019 script left beside its chains, which bear the same names as ours and are gone by then. */
export async function removeScriptLeftovers(host: Host, homeward: LocalRouting): Promise<void> {
	await applySteps(host.routing, planScriptRemoval(await readRouting(host.routing), homeward));
}

export type HostDifference = Difference | RoutingDifference;
export interface Inspection {
	readonly differences: ByFamily<readonly HostDifference[]>;
	readonly held: ByFamily<IptablesRules>;
	/** Who leaves no room for our rule and route, where they are wanted. */
	readonly taken: Taken | undefined;
	/** Nothing of ours is there, but for what lets open connections end. */
	readonly isClean: boolean;
}

/** What the host has, held against the target, or against nothing. Reads only; `known`: read back a moment ago. */
export async function inspect(
	host: Host,
	target: DesiredRules,
	isWanted: boolean,
	signal: AbortSignal,
	known?: ByFamily<IptablesRules>,
): Promise<Inspection> {
	const reading = known ?? readHeld(firewallOf(host, target.dialect), signal);
	const [facts, held] = await Promise.all([readRouting(host.routing), reading]);
	const rules = (family: Family) =>
		isWanted
			? ruleDifferences(held[family], target, family)
			: differences(held[family], isRemoved(held[family]) ? held[family] : emptyRules);
	const of = (family: Family) => [
		...rules(family),
		...routingDifferences(facts, isWanted ? target : { ...target, families: [] }, family),
	];
	const isClean = planRemoval(facts).length === 0 && families.every((family) => isRemoved(held[family]));
	const taken = isWanted ? takenOf(facts, target) : undefined;
	return { differences: { ipv4: of('ipv4'), ipv6: of('ipv6') }, held, taken, isClean };
}

/** Whoever looks while one stage follows the other finds each table at one of them: that is as wanted. */
function ruleDifferences(held: IptablesRules, { rules, stages }: DesiredRules, family: Family): Difference[] {
	const found = differences(held, rules[family]);
	if (found.length === 0) return found;
	const all = [stages.opening, stages.all].map((stage) => differences(held, stage[family]));
	return found.filter(({ table }) => all.every((stage) => stage.some((difference) => difference.table === table)));
}

function firewallOf({ firewalls }: Host, dialect: Dialect): Firewall {
	const found = firewalls.find((firewall) => firewall.dialect === dialect);
	if (found === undefined)
		throw new Failure(
			'tools',
			`Cannot use ${dialect}: it is not installed`,
			'Install it, or set backend (TURNOUT_BACKEND) to auto',
		);
	return found;
}

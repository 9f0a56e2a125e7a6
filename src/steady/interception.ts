import { Failure } from '../failure.ts';
import type { Dialect, Firewall, Host, Routing, RoutingStep } from '../ports.ts';
import { type Homeward, planRemoval, planRouting, planSeedRemoval, type RoutingFacts } from '../routing/plan.ts';
import { type Held, nothing } from '../ruleset/held.ts';
import { isOff, remainderOf } from '../ruleset/tracking.ts';
import { type Difference, differences } from '../ruleset/transition.ts';
import { type Family, families } from '../units.ts';
import { type ByFamily, commitRules, nothingAtAll, readHeld, type Wanted } from './rules.ts';

/** What is to hold on this host while interception is on. */
export interface Target {
	readonly dialect: Dialect;
	/** Those captured; of the others nothing is to be there but the guard. */
	readonly families: readonly Family[];
	readonly rules: ByFamily<Held>;
	readonly homeward: Homeward;
}

/** What was read back last, of each dialect that was looked at. */
export type Known = ReadonlyMap<Dialect, ByFamily<Held>>;

/**
 * Routes first, then rules: nothing is marked for a table that is not there. All of it, or what was before. What the
 * other dialects hold of ours goes last. Resolves to what is there then. `known`: see commitRules; where nothing of ours
 * was left in another dialect, it is not asked again.
 */
export async function intercept(
	host: Host,
	target: Target,
	signal: AbortSignal,
	known: Known = new Map(),
): Promise<Known> {
	const firewall = firewallOf(host, target.dialect);
	const others = host.firewalls.filter(({ dialect }) => dialect !== target.dialect);
	const holders = holdersAmong(others, signal, known);
	const facts = await readRouting(host.routing);
	const steps = await addRoutes(host.routing, facts, target);
	const held = await commitRules(firewall, () => target.rules, signal, known.get(target.dialect)).catch(
		async (error) => {
			await take(host.routing, steps.toReversed().map(reversed));
			throw error;
		},
	);
	for (const other of await holders) await commitRules(other, () => nothingAtAll, signal);
	await removeSurplus(host.routing, facts, target);
	return new Map([...others.map(({ dialect }) => [dialect, nothingAtAll] as const), [target.dialect, held]]);
}

/** Those that hold anything of ours; looked at while the rest goes on. */
function holdersAmong(firewalls: readonly Firewall[], signal: AbortSignal, known: Known): Promise<Firewall[]> {
	const looking = firewalls.map(async (firewall) => {
		const held = known.get(firewall.dialect) ?? (await readHeld(firewall, signal));
		return families.some((family) => differences(held[family], nothing).length > 0) ? [firewall] : [];
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
export async function release(
	host: Host,
	{ tracked }: { readonly tracked: boolean },
	signal: AbortSignal,
): Promise<Known> {
	const wanted: Wanted = ({ ipv4, ipv6 }) =>
		tracked ? { ipv4: remainderOf(ipv4), ipv6: remainderOf(ipv6) } : nothingAtAll;
	const left = new Map<Dialect, ByFamily<Held>>();
	for (const firewall of host.firewalls) left.set(firewall.dialect, await commitRules(firewall, wanted, signal));
	await take(host.routing, planRemoval(await readRouting(host.routing)));
	return left;
}

/** Also what the 2019 script left beside its chains, which bear the same names as ours and are gone by then. */
export async function releaseSeed(host: Host, homeward: Homeward): Promise<void> {
	await take(host.routing, planSeedRemoval(await readRouting(host.routing), homeward));
}

export type HostDifference =
	| Difference
	| { readonly kind: 'missing' | 'surplus'; readonly table: 'routing'; readonly line: string };
export interface Inspection {
	readonly differences: ByFamily<readonly HostDifference[]>;
	readonly held: ByFamily<Held>;
	/** Nothing of ours is there, but for what lets open connections end. */
	readonly isClean: boolean;
}

/** What the host has, held against the target, or against nothing. Reads only; `known`: read back a moment ago. */
export async function inspect(
	host: Host,
	target: Target,
	isWanted: boolean,
	signal: AbortSignal,
	known?: ByFamily<Held>,
): Promise<Inspection> {
	const reading = known ?? readHeld(firewallOf(host, target.dialect), signal);
	const [facts, held] = await Promise.all([readRouting(host.routing), reading]);
	const wanted = (family: Family) => (isWanted ? target.rules[family] : isOff(held[family]) ? held[family] : nothing);
	const of = (family: Family) => [
		...differences(held[family], wanted(family)),
		...routingDifferences(facts, isWanted ? target : { ...target, families: [] }, family),
	];
	const isClean = planRemoval(facts).length === 0 && families.every((family) => isOff(held[family]));
	return { differences: { ipv4: of('ipv4'), ipv6: of('ipv6') }, held, isClean };
}

export function routingDifferences(facts: RoutingFacts, target: Target, family: Family): HostDifference[] {
	const { missing, conflict } = target.families.includes(family) ? missingOf(facts, target, family) : nothingMissing;
	const line = (step: RoutingStep) =>
		'rule' in step
			? `rule ${step.rule.priority}: fwmark 0x${step.rule.mark?.toString(16)} lookup ${step.rule.table}`
			: `route ${step.route.text} table ${step.route.table}`;
	return [
		...conflict.map((why) => ({ kind: 'surplus', table: 'routing', line: why }) as const),
		...missing.map((step) => ({ kind: 'missing', table: 'routing', line: line(step) }) as const),
		...surplusOf(facts, target, family).map(
			(step) => ({ kind: 'surplus', table: 'routing', line: line(step) }) as const,
		),
	];
}

interface Missing {
	readonly missing: readonly RoutingStep[];
	/** Why nothing can be added: somebody else has what we need. */
	readonly conflict: readonly string[];
}
const nothingMissing: Missing = { missing: [], conflict: [] };

function missingOf(facts: RoutingFacts, { homeward }: Target, family: Family): Missing {
	try {
		return { ...nothingMissing, missing: planRouting(homeward, family, facts) };
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		return { ...nothingMissing, conflict: [error.message] };
	}
}

/** What is missing; resolves to the steps that were taken. */
export async function addRoutes(
	routing: Routing,
	facts: RoutingFacts,
	target: Target,
): Promise<readonly RoutingStep[]> {
	const steps = target.families.flatMap((family) => planRouting(target.homeward, family, facts));
	await take(routing, steps);
	return steps;
}

/** What is ours and not wanted any more. */
export const removeSurplus = (routing: Routing, facts: RoutingFacts, target: Target): Promise<void> =>
	take(
		routing,
		families.flatMap((family) => surplusOf(facts, target, family)),
	);

function surplusOf({ rules, routes }: RoutingFacts, target: Target, family: Family): RoutingStep[] {
	const own = {
		rules: rules.filter((rule) => rule.family === family),
		routes: routes.filter((route) => route.family === family),
	};
	return planRemoval(own, target.families.includes(family) ? target.homeward : undefined);
}

export async function readRouting(routing: Routing): Promise<RoutingFacts> {
	const [rules, routes] = await Promise.all([
		Promise.all(families.map((family) => routing.rules(family))),
		Promise.all(families.map((family) => routing.routes(family))),
	]);
	return { rules: rules.flat(), routes: routes.flat() };
}

/** All of them, or none: a step that fails takes back those before it. */
export async function take(routing: Routing, steps: readonly RoutingStep[]): Promise<void> {
	const taken: RoutingStep[] = [];
	try {
		for (const step of steps) {
			await routing.change(step);
			taken.push(step);
		}
	} catch (error) {
		for (const step of taken.toReversed()) await routing.change(reversed(step)).catch(() => undefined);
		throw error;
	}
}

function reversed(step: RoutingStep): RoutingStep {
	if ('rule' in step) return { ...step, kind: step.kind === 'add-rule' ? 'remove-rule' : 'add-rule' };
	return { ...step, kind: step.kind === 'add-route' ? 'remove-route' : 'add-route' };
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

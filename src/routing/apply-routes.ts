import { type Family, families } from '../values/units.ts';
import type { LocalRouting } from './local-routing.ts';
import { planRemoval, planRouting } from './plan.ts';
import type { Routing, RoutingStep } from './routing.ts';
import { type RoutingFacts, refuseTaken, type Taken, takenFrom } from './taken.ts';

/** The families that should have the mark's rule and route, and which these are. */
export interface RoutingTarget {
	readonly families: readonly Family[];
	readonly localRouting: LocalRouting;
}

export interface RoutingDifference {
	readonly kind: 'missing' | 'surplus';
	readonly table: 'routing';
	readonly line: string;
}

/** Why our rule and route are left out in at least one family; undefined where they are not. */
export const takenOf = (facts: RoutingFacts, { families: wanted, localRouting }: RoutingTarget): Taken | undefined =>
	wanted.map((family) => takenFrom(localRouting, family, facts)).find((taken) => taken !== undefined);

export function routingDifferences(facts: RoutingFacts, target: RoutingTarget, family: Family): RoutingDifference[] {
	const missing = target.families.includes(family) ? planRouting(target.localRouting, family, facts) : [];
	const line = (step: RoutingStep) =>
		'rule' in step
			? `rule ${step.rule.priority}: fwmark 0x${step.rule.mark?.toString(16)} lookup ${step.rule.table}`
			: `route ${step.route.text} table ${step.route.table}`;
	return [
		...missing.map((step) => ({ kind: 'missing', table: 'routing', line: line(step) }) as const),
		...surplusOf(facts, target, family).map(
			(step) => ({ kind: 'surplus', table: 'routing', line: line(step) }) as const,
		),
	];
}

/** Adds what is missing; resolves to the steps taken. */
export async function addRoutes(
	routing: Routing,
	facts: RoutingFacts,
	target: RoutingTarget,
): Promise<readonly RoutingStep[]> {
	for (const family of target.families) refuseTaken(target.localRouting, family, facts);
	const steps = target.families.flatMap((family) => planRouting(target.localRouting, family, facts));
	await applySteps(routing, steps);
	return steps;
}

/** Removes what is ours and not wanted any more, or in somebody's way. */
export const removeSurplus = (routing: Routing, facts: RoutingFacts, target: RoutingTarget): Promise<void> =>
	applySteps(
		routing,
		families.flatMap((family) => surplusOf(facts, target, family)),
	);

function surplusOf(facts: RoutingFacts, target: RoutingTarget, family: Family): RoutingStep[] {
	const own = {
		rules: facts.rules.filter((rule) => rule.family === family),
		routes: facts.routes.filter((route) => route.family === family),
	};
	const isWanted = target.families.includes(family) && takenFrom(target.localRouting, family, facts) === undefined;
	return planRemoval(own, isWanted ? target.localRouting : undefined);
}

export async function readRouting(routing: Routing): Promise<RoutingFacts> {
	const [rules, routes] = await Promise.all([
		Promise.all(families.map((family) => routing.rules(family))),
		Promise.all(families.map((family) => routing.routes(family))),
	]);
	return { rules: rules.flat(), routes: routes.flat() };
}

/** All steps or none: if one fails, those before it are undone. */
export async function applySteps(routing: Routing, steps: readonly RoutingStep[]): Promise<void> {
	const taken: RoutingStep[] = [];
	try {
		for (const step of steps) {
			await routing.change(step);
			taken.push(step);
		}
	} catch (error) {
		for (const step of taken.toReversed()) await routing.change(invert(step)).catch(() => undefined);
		throw error;
	}
}

export function invert(step: RoutingStep): RoutingStep {
	if ('rule' in step) return { ...step, kind: step.kind === 'add-rule' ? 'remove-rule' : 'add-rule' };
	return { ...step, kind: step.kind === 'add-route' ? 'remove-route' : 'add-route' };
}

import { applySteps, invert, readRouting } from '../../routing/apply-routes.ts';
import { localRoutingOf, ROUTE_PROTOCOL } from '../../routing/local-routing.ts';
import { planScriptRemoval } from '../../routing/plan.ts';
import type { Routing, RoutingStep } from '../../routing/routing.ts';
import { SCRIPT_ROUTING } from '../../values/mark-and-table.ts';

/** The policy rule and route that the 2019 script has added, and not those that we have. Nothing depends on them: its rules mark nothing. */
export async function leftRouting(routing: Routing): Promise<readonly RoutingStep[]> {
	const localRouting = localRoutingOf(SCRIPT_ROUTING, false);
	const steps = planScriptRemoval(await readRouting(routing), localRouting).filter(
		(step) => ('rule' in step ? step.rule : step.route).protocol !== ROUTE_PROTOCOL,
	);
	// A route alone may be somebody else's.
	return steps.some(({ kind }) => kind === 'remove-rule') ? steps : [];
}

/** Removes them while `act` is done; they are there again if it fails. */
export async function removingRouting<T>(
	routing: Routing,
	steps: readonly RoutingStep[],
	act: () => Promise<T>,
): Promise<T> {
	await applySteps(routing, steps);
	try {
		return await act();
	} catch (error) {
		await applySteps(routing, steps.toReversed().map(invert));
		throw error;
	}
}

export const routingLine = (step: RoutingStep): string =>
	'rule' in step
		? `policy rule fwmark 0x${step.rule.mark?.toString(16)} lookup ${step.rule.table}`
		: `route ${step.route.text} table ${step.route.table}`;

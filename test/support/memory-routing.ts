// Policy rules and routes without a kernel; passes the same contract as the real ones (test/contract/routing.test.ts).
import type { PolicyRule, Routing, RoutingStep, TableRoute } from '../../src/routing/routing.ts';

export interface MemoryRouting extends Routing {
	readonly held: { rules: PolicyRule[]; routes: TableRoute[] };
	/** What was changed through the port, in short. */
	readonly log: readonly string[];
}

/** `onChange` is called before each change, which it may hold up; what it throws is the change's failure. */
export function createMemoryRouting(
	onChange: (step: RoutingStep) => void | Promise<void> = () => undefined,
): MemoryRouting {
	const held: MemoryRouting['held'] = { rules: [], routes: [] };
	const log: string[] = [];
	return {
		held,
		log,
		rules: async (family) => held.rules.filter((rule) => rule.family === family),
		routes: async (family) => held.routes.filter((route) => route.family === family),
		async change(step) {
			await onChange(step);
			log.push(`${step.kind} ${'rule' in step ? step.rule.family : step.route.family}`);
			if ('rule' in step) held.rules = changed(held.rules, step.rule, step.kind === 'add-rule', sameRule);
			else held.routes = changed(held.routes, step.route, step.kind === 'add-route', sameRoute);
		},
	};
}

/** To add what is there, and to remove what is not, is done already. */
function changed<T>(all: readonly T[], one: T, isAddition: boolean, same: (a: T, b: T) => boolean): T[] {
	const others = all.filter((other) => !same(other, one));
	if (!isAddition) return others;
	return others.length < all.length ? [...all] : [...all, one];
}

const sameRule = (a: PolicyRule, b: PolicyRule): boolean =>
	a.family === b.family && a.priority === b.priority && a.table === b.table && a.mark === b.mark && a.mask === b.mask;

const sameRoute = (a: TableRoute, b: TableRoute): boolean =>
	a.family === b.family && a.table === b.table && a.kind === b.kind && a.metric === b.metric;

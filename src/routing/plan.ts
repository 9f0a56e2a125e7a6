import type { Family } from '../values/units.ts';
import { isLocalRoutingRule, type LocalRouting, ROUTE_PROTOCOL, RULE_PRIORITY } from './local-routing.ts';
import type { PolicyRule, RoutingStep, TableRoute } from './routing.ts';
import { type RoutingFacts, takenFrom } from './taken.ts';

/** The last metric: routes of others come before ours, and none is refused because ours exists. */
const LAST_METRIC = 0xffff_ffff;

/**
 * What to add for one family; nothing where others use the table or the mark. An existing rule or route that does the same
 * is adopted.
 */
export function planRouting(localRouting: LocalRouting, family: Family, actual: RoutingFacts): RoutingStep[] {
	if (takenFrom(localRouting, family, actual) !== undefined) return [];
	const { mark, table } = localRouting;
	const routes = actual.routes.filter((route) => route.family === family && route.table === table);
	const rules = actual.rules.filter((rule) => rule.family === family);
	const rule = {
		...{ family, priority: RULE_PRIORITY, table, mark, mask: 0xffff_ffff },
		...{ hasOtherSelectors: false, protocol: ROUTE_PROTOCOL },
	};
	const own = routes.some(isAdopted) ? [] : ownRoutes(localRouting, family);
	const missing = own.filter((route) => !routes.some((other) => isSame(other, route)));
	return [
		...missing.map((route) => ({ kind: 'add-route', route }) as const),
		...(rules.some((other) => isLocalRoutingRule(other, localRouting)) ? [] : [{ kind: 'add-rule', rule } as const]),
	];
}

/**
 * Where nothing is marked, the local route has no use, and would swallow replies to others who look up our table; the
 * kernel would even resolve their gateways by it, at lo. The throw route before it sends all of them to the next table.
 */
const ownRoutes = ({ table, isNeeded }: LocalRouting, family: Family): TableRoute[] => [
	...(isNeeded ? [] : [ownRoute(family, table, 'throw')]),
	ownRoute(family, table, 'local'),
];

const ownRoute = (family: Family, table: number, kind: 'throw' | 'local'): TableRoute => ({
	...{ family, table, kind, protocol: ROUTE_PROTOCOL },
	...(kind === 'throw'
		? { metric: LAST_METRIC - 1, text: 'throw default' }
		: { metric: LAST_METRIC, text: 'local default dev lo' }),
});

/** Removes what is ours by its protocol, except what `keep` wants. The rule goes before the routes. */
export function planRemoval({ rules, routes }: RoutingFacts, keep?: LocalRouting): RoutingStep[] {
	const isKept = (route: TableRoute) =>
		keep !== undefined && ownRoutes(keep, route.family).some((own) => isSame(route, own));
	const own = rules.filter(({ protocol, mark, table }) => {
		return protocol === ROUTE_PROTOCOL && !(mark === keep?.mark && table === keep?.table);
	});
	const surplus = routes.filter((route) => route.protocol === ROUTE_PROTOCOL && !isKept(route));
	// The local route is never there without the throw route before it.
	return [...removeRules(own), ...removeRoutes(surplus.toSorted((a, b) => b.metric - a.metric))];
}

/** What the 2019 script leaves: its rule at any priority, and its route in table 100. */
export function planScriptRemoval({ rules, routes }: RoutingFacts, localRouting: LocalRouting): RoutingStep[] {
	const ofTable = routes.filter((route) => route.table === localRouting.table);
	return [
		...removeRules(rules.filter((rule) => isLocalRoutingRule(rule, localRouting))),
		...removeRoutes(ofTable.filter(({ kind }) => kind === 'local')),
	];
}

const removeRules = (rules: readonly PolicyRule[]): RoutingStep[] =>
	rules.map((rule) => ({ kind: 'remove-rule', rule }));
const removeRoutes = (routes: readonly TableRoute[]): RoutingStep[] =>
	routes.map((route) => ({ kind: 'remove-route', route }));

const isSame = (a: TableRoute, b: TableRoute): boolean =>
	a.table === b.table && a.kind === b.kind && a.metric === b.metric && a.protocol === b.protocol;

/** The 2019 script's. */
const isAdopted = ({ kind, protocol }: TableRoute): boolean => kind === 'local' && protocol !== ROUTE_PROTOCOL;

import { Failure } from '../failure.ts';
import type { Family } from '../values/units.ts';
import type { LocalRouting } from './local-routing.ts';
import { isLocalRoutingRule, ROUTE_PROTOCOL, RULE_PRIORITY } from './local-routing.ts';
import type { PolicyRule, TableRoute } from './routing.ts';

/** The host's rules and routes, of one family or both. */
export interface RoutingFacts {
	readonly rules: readonly PolicyRule[];
	readonly routes: readonly TableRoute[];
}

/** Somebody else uses our table or mark, so ours are left out. */
export interface Taken {
	readonly why: string;
	/** The setting that chooses another. */
	readonly key: 'mark' | 'routeTable';
	/** A route that the 2019 script has left in the table that they look up: it swallows what is sent there. */
	readonly swallowing?: { readonly route: string; readonly command: string };
}

/**
 * Who else uses our table or mark in this family; undefined if nobody. A route alone is enough: its rule may follow, and a
 * VRF's rule names no table (l3mdev).
 */
export function takenFrom(localRouting: LocalRouting, family: Family, actual: RoutingFacts): Taken | undefined {
	const { mark, table } = localRouting;
	const rules = actual.rules.filter((rule) => rule.family === family && isForeign(rule, localRouting));
	const user = rules.find((rule) => rule.table === table);
	const thief = rules.find((rule) => takesMark(rule, mark));
	const route = actual.routes.find((other) => other.family === family && other.table === table && isTheirs(other));
	const what = `route table ${table}`;
	if (user !== undefined) {
		const left = actual.routes.find((other) => other.family === family && other.table === table && isOfScript(other));
		return {
			why: `${what}: it is looked up by somebody else's rule ${user.priority}`,
			key: 'routeTable',
			...(left === undefined ? {} : { swallowing: { route: left.text, command: removing(left) } }),
		};
	}
	if (route !== undefined)
		return { why: `${what}: it holds a route of somebody else's (${route.text})`, key: 'routeTable' };
	if (thief === undefined) return undefined;
	const whose = `it is used by somebody else's rule ${thief.priority}, lookup ${thief.table}`;
	return { why: `packet mark 0x${mark.toString(16)}: ${whose}`, key: 'mark' };
}

const isForeign = (rule: PolicyRule, localRouting: LocalRouting): boolean =>
	rule.protocol !== ROUTE_PROTOCOL && !isLocalRoutingRule(rule, localRouting);

const isOfScript = (route: TableRoute): boolean => route.protocol !== ROUTE_PROTOCOL && route.kind === 'local';

const removing = ({ family, text, table }: TableRoute): string =>
	`ip ${family === 'ipv6' ? '-6 ' : ''}route del ${text} table ${table}`;

const isTheirs = (route: TableRoute): boolean => route.protocol !== ROUTE_PROTOCOL && route.kind !== 'local';

/** The same mark, or a part of it at a priority that comes before ours. */
function takesMark({ mark: theirs, mask = 0xffff_ffff, priority }: PolicyRule, mark: number): boolean {
	if (theirs === undefined || theirs === 0) return false;
	if (theirs === mark) return true;
	return priority <= RULE_PRIORITY && (mark & mask) >>> 0 === theirs;
}

const variables = { mark: 'TURNOUT_MARK', routeTable: 'TURNOUT_ROUTE_TABLE' } as const;

const remedyOf = ({ key }: Taken): string => `Set ${key} (${variables[key]}) to one that is free`;

/** For status. Nothing depends on our rule and route then. */
export function whyLeftOut(taken: Taken): { readonly why: string; readonly remedy: string } {
	const { why, swallowing } = taken;
	const left = `ours are left out for the sake of others, and nothing captured needs them; ${why}`;
	if (swallowing !== undefined)
		return {
			why: `${left}, and all that it sends there ends at the route "${swallowing.route}", as the 2019 script leaves it`,
			remedy: swallowing.command,
		};
	return { why: left, remedy: `${remedyOf(taken)}; or let go what others have there, and ours come back` };
}

/** A Failure if capture depends on our route and somebody else uses its table or mark. */
export function refuseTaken(localRouting: LocalRouting, family: Family, actual: RoutingFacts): void {
	const taken = localRouting.isNeeded ? takenFrom(localRouting, family, actual) : undefined;
	if (taken !== undefined) throw new Failure('routing', `Cannot use ${taken.why}`, remedyOf(taken));
}

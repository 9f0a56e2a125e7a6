import { Failure } from '../failure.ts';
import type { PolicyRule, RoutingStep, TableRoute } from '../ports.ts';
import type { Family } from '../units.ts';

/** How marked packets come home: `fwmark MARK lookup TABLE`, and `local default dev lo` in that table. */
export interface Homeward {
	readonly mark: number;
	readonly table: number;
}

/** What the host has, one family or both. */
export interface RoutingFacts {
	readonly rules: readonly PolicyRule[];
	readonly routes: readonly TableRoute[];
}

/**
 * Before what cloud agents use (from 512 on), so that a rule that matches part of our mark cannot take our packets.
 * Without a priority of its own the kernel would pick the next free one and double the rule at every start.
 */
export const RULE_PRIORITY = 100;

/** By this `clean` knows our rule and route, whatever mark and table the settings name: the mark's last byte. */
export const ROUTE_PROTOCOL = 0xce;

/** What has to be added for one family. A rule or route that somebody left and that says the same is adopted. */
export function planRouting({ mark, table }: Homeward, family: Family, actual: RoutingFacts): RoutingStep[] {
	refuseConflicts({ mark, table }, family, actual);
	const rules = actual.rules.filter((rule) => rule.family === family);
	const routes = actual.routes.filter((route) => route.family === family && route.table === table);
	const protocol = ROUTE_PROTOCOL;
	const rule = { family, priority: RULE_PRIORITY, table, mark, mask: 0xffff_ffff, narrowed: false, protocol };
	const route = { family, table, isLocalDefault: true, protocol, text: 'local default dev lo' };
	return [
		...(routes.some(({ isLocalDefault }) => isLocalDefault) ? [] : [{ kind: 'add-route', route } as const]),
		...(rules.some((other) => isHomeward(other, mark, table)) ? [] : [{ kind: 'add-rule', rule } as const]),
	];
}

/** What is ours by its protocol and is not wanted any more; `keep`: still wanted. The rule goes before the route. */
export function planRemoval({ rules, routes }: RoutingFacts, keep?: Homeward): RoutingStep[] {
	const ownRules = rules.filter(({ protocol, mark, table }) => {
		return protocol === ROUTE_PROTOCOL && !(mark === keep?.mark && table === keep?.table);
	});
	const ownRoutes = routes.filter(({ protocol, table }) => protocol === ROUTE_PROTOCOL && table !== keep?.table);
	return [...removeRules(ownRules), ...removeRoutes(ownRoutes)];
}

/** What the 2019 script leaves: its rule wherever the kernel put it, and its route in table 100. */
export function planSeedRemoval({ rules, routes }: RoutingFacts, { mark, table }: Homeward): RoutingStep[] {
	const ofTable = routes.filter((route) => route.table === table);
	return [
		...removeRules(rules.filter((rule) => isHomeward(rule, mark, table))),
		...removeRoutes(ofTable.filter(({ isLocalDefault }) => isLocalDefault)),
	];
}

const removeRules = (rules: readonly PolicyRule[]): RoutingStep[] =>
	rules.map((rule) => ({ kind: 'remove-rule', rule }));
const removeRoutes = (routes: readonly TableRoute[]): RoutingStep[] =>
	routes.map((route) => ({ kind: 'remove-route', route }));

const isHomeward = (rule: PolicyRule, mark: number, table: number): boolean =>
	rule.mark === mark && (rule.mask ?? 0xffff_ffff) === 0xffff_ffff && rule.table === table && !rule.narrowed;

function refuseConflicts({ mark, table }: Homeward, family: Family, actual: RoutingFacts): void {
	const hex = `0x${mark.toString(16)}`;
	const route = actual.routes.find((other) => {
		return other.family === family && other.table === table && !other.isLocalDefault;
	});
	if (route !== undefined)
		throw taken(`route table ${table}`, `holds a route of somebody else's (${route.text})`, 'routeTable');
	const rules = actual.rules.filter((rule) => rule.family === family && !isHomeward(rule, mark, table));
	const user = rules.find((rule) => rule.table === table && rule.protocol !== ROUTE_PROTOCOL);
	if (user !== undefined)
		throw taken(`route table ${table}`, `is looked up by somebody else's rule ${user.priority}`, 'routeTable');
	const thief = rules.find((rule) => takesMark(rule, mark) && rule.protocol !== ROUTE_PROTOCOL);
	if (thief !== undefined)
		throw taken(
			`packet mark ${hex}`,
			`is used by somebody else's rule ${thief.priority}, lookup ${thief.table}`,
			'mark',
		);
}

/** The same mark altogether, or a part of it at a priority that comes before ours. */
function takesMark({ mark: theirs, mask = 0xffff_ffff, priority }: PolicyRule, mark: number): boolean {
	if (theirs === undefined || theirs === 0) return false;
	if (theirs === mark) return true;
	return priority < RULE_PRIORITY && (mark & mask) >>> 0 === theirs;
}

function taken(what: string, why: string, key: 'mark' | 'routeTable'): Failure {
	const variable = { mark: 'TURNOUT_MARK', routeTable: 'TURNOUT_ROUTE_TABLE' }[key];
	return new Failure('routing', `Cannot use ${what}: it ${why}`, `Set ${key} (${variable}) to one that is free`);
}

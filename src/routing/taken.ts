import { Failure } from '../failure.ts';
import type { Family } from '../values/units.ts';
import type { PolicyRule, TableRoute } from './routing.ts';

/** How marked packets come home: `fwmark MARK lookup TABLE`, and `local default dev lo` in that table. */
export interface LocalRouting {
	readonly mark: number;
	readonly table: number;
	/** Packets are marked, so that what we capture depends on it. */
	readonly carries: boolean;
}

/** Inbound traffic is redirected, which marks nothing. */
export const localRoutingOf = ({
	mark,
	routeTable,
}: {
	readonly mark: number;
	readonly routeTable: number;
}): LocalRouting => {
	return { mark, table: routeTable, carries: false };
};

/** What the host has, one family or both. */
export interface RoutingFacts {
	readonly rules: readonly PolicyRule[];
	readonly routes: readonly TableRoute[];
}

/** Why somebody else's use of our table or mark leaves no room for ours. */
export interface Taken {
	readonly why: string;
	/** The setting that moves ours out of the way. */
	readonly key: 'mark' | 'routeTable';
	/** What the 2019 script has left in the table that they look up: it takes all that is sent there. */
	readonly swallowing?: { readonly route: string; readonly command: string };
}

/**
 * Before what cloud agents use (from 512 on), so that a rule that matches part of our mark cannot take our packets.
 * Without a priority of its own the kernel would pick the next free one and double the rule at every start.
 */
export const RULE_PRIORITY = 100;

/** By this `clean` knows our rule and route, whatever mark and table the settings name: the mark's last byte. */
export const ROUTE_PROTOCOL = 0xce;

/** As we or the 2019 script put it. */
export const isLocalRoutingRule = (rule: PolicyRule, { mark, table }: LocalRouting): boolean =>
	rule.mark === mark && (rule.mask ?? 0xffff_ffff) === 0xffff_ffff && rule.table === table && !rule.hasOtherSelectors;

/**
 * Who else uses our table or mark in this family, if anybody does. A route alone is reason enough: a rule follows it. A
 * VRF whose table it is shows by its routes: its rule names no table (l3mdev).
 */
export function takenFrom(homeward: LocalRouting, family: Family, actual: RoutingFacts): Taken | undefined {
	const { mark, table } = homeward;
	const rules = actual.rules.filter((rule) => rule.family === family && isForeign(rule, homeward));
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

const isForeign = (rule: PolicyRule, homeward: LocalRouting): boolean =>
	rule.protocol !== ROUTE_PROTOCOL && !isLocalRoutingRule(rule, homeward);

/** It bears no protocol of ours; whoever else made it, its text says what to take away. */
const isOfScript = (route: TableRoute): boolean => route.protocol !== ROUTE_PROTOCOL && route.kind === 'local';

const removing = ({ family, text, table }: TableRoute): string =>
	`ip ${family === 'ipv6' ? '-6 ' : ''}route del ${text} table ${table}`;

const isTheirs = (route: TableRoute): boolean => route.protocol !== ROUTE_PROTOCOL && route.kind !== 'local';

/** The same mark altogether, or a part of it at a priority that comes before ours. */
function takesMark({ mark: theirs, mask = 0xffff_ffff, priority }: PolicyRule, mark: number): boolean {
	if (theirs === undefined || theirs === 0) return false;
	if (theirs === mark) return true;
	return priority <= RULE_PRIORITY && (mark & mask) >>> 0 === theirs;
}

const variables = { mark: 'TURNOUT_MARK', routeTable: 'TURNOUT_ROUTE_TABLE' } as const;

const remedyOf = ({ key }: Taken): string => `Set ${key} (${variables[key]}) to one that is free`;

/** For whoever is told; nothing depends on ours then. */
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

/** What is captured by way of our route cannot do without it. */
export function refuseTaken(homeward: LocalRouting, family: Family, actual: RoutingFacts): void {
	const taken = homeward.carries ? takenFrom(homeward, family, actual) : undefined;
	if (taken !== undefined) throw new Failure('routing', `Cannot use ${taken.why}`, remedyOf(taken));
}

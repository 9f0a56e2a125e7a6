import type { PolicyRule } from './routing.ts';

/** Delivers marked packets to this host: `fwmark MARK lookup TABLE`, and `local default dev lo` in that table. */
export interface LocalRouting {
	readonly mark: number;
	readonly table: number;
	/** Our rules mark packets, so that capture depends on it. */
	readonly isNeeded: boolean;
}

/** `isNeeded`: where the application sees the client's address; all else marks nothing. */
export const localRoutingOf = (
	settings: { readonly mark: number; readonly routeTable: number },
	isNeeded: boolean,
): LocalRouting => ({ mark: settings.mark, table: settings.routeTable, isNeeded });

/**
 * Before what cloud agents use (from 512 on), so that a rule that matches part of our mark cannot take our packets.
 * Without a priority the kernel would choose the next free one, and each start would add another rule.
 */
export const RULE_PRIORITY = 100;

/** The mark's last byte. `clean` knows our rules and routes by it, whatever mark and table the settings name. */
export const ROUTE_PROTOCOL = 0xce;

/** Ours or the 2019 script's. */
export const isLocalRoutingRule = (rule: PolicyRule, { mark, table }: LocalRouting): boolean =>
	rule.mark === mark && (rule.mask ?? 0xffff_ffff) === 0xffff_ffff && rule.table === table && !rule.hasOtherSelectors;

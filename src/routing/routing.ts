import type { Family } from '../values/units.ts';

export interface PolicyRule {
	readonly family: Family;
	readonly priority: number;
	readonly table: number;
	readonly mark: number | undefined;
	readonly mask: number | undefined;
	/** Also matches by an address, an interface or a port, or is inverted. */
	readonly hasOtherSelectors: boolean;
	/** Who added it (linux/rtnetlink.h, RTPROT_*); 0 where the kernel does not say. */
	readonly protocol: number;
}

export interface TableRoute {
	readonly family: Family;
	readonly table: number;
	/** `local default dev lo`: every destination is this host; `throw default`: continue with the next table. */
	readonly kind: 'local' | 'throw' | 'other';
	/** The lowest comes first. */
	readonly metric: number;
	readonly protocol: number;
	/** As `ip route` prints it. */
	readonly text: string;
}

/** The kernel's policy rules and routes, over rtnetlink. */
export interface Routing {
	rules(family: Family): Promise<readonly PolicyRule[]>;
	routes(family: Family): Promise<readonly TableRoute[]>;
	change(step: RoutingStep): Promise<void>;
}

export type RoutingStep =
	| { readonly kind: 'add-rule' | 'remove-rule'; readonly rule: PolicyRule }
	| { readonly kind: 'add-route' | 'remove-route'; readonly route: TableRoute };

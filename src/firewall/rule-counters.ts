import type { ChainName, RuleRole, TableName } from '../ruleset/model.ts';

/** What the installed rules have counted. */
export interface RuleCounters {
	readonly ingress: { readonly connections: number };
	readonly egress: { readonly connections: number; readonly direct: number };
	/** Packets of captured connections that would have gone past Envoy, as the kernel could not place them. */
	readonly dropped: number;
}

/** An installed rule of ours whose role is known. */
export interface CountedRule {
	readonly table: TableName;
	readonly chain: ChainName;
	readonly role: RuleRole;
	readonly packets: number;
}

/** In nat a rule sees only the first packet of a connection, so packets are connections. */
export function sumCounters(rules: readonly CountedRule[]): RuleCounters {
	const sum = (isCounted: (rule: CountedRule) => boolean) =>
		rules.filter(isCounted).reduce((total, { packets }) => total + packets, 0);
	const of = (direction: 'in' | 'out', wanted: RuleRole) =>
		sum(({ table, chain, role }) => table === 'nat' && directionOf(chain) === direction && role === wanted);
	return {
		ingress: { connections: of('in', 'redirect') },
		egress: { connections: of('out', 'redirect'), direct: of('out', 'exclusion') },
		dropped: sum(({ role }) => role === 'stray'),
	};
}

const directionOf = (chain: ChainName): 'in' | 'out' => (chain === 'APPMESH_INGRESS' ? 'in' : 'out');

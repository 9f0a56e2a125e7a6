import type { ChainName, Rule, RuleRole, TableName } from '../ruleset/model.ts';

/** What the installed rules have counted. */
export interface RuleCounters {
	readonly ingress: { readonly connections: number };
	readonly egress: { readonly connections: number; readonly direct: number };
	/** Packets of captured connections that would have gone past Envoy, as the kernel could not place them. */
	readonly dropped: number;
	/** The same by the setting that decides; of connections, and where they are dropped, of packets. */
	readonly rules: readonly RuleCount[];
}

export interface RuleCount {
	readonly direction: 'ingress' | 'egress';
	readonly verdict: 'captured' | 'direct' | 'dropped';
	readonly setting: string;
	readonly count: number;
}

/** An installed rule of ours whose role is known. */
export interface CountedRule extends Pick<Rule, 'setting'> {
	/** The same as long as its counter goes on. */
	readonly id: string;
	readonly table: TableName;
	readonly chain: ChainName;
	readonly role: RuleRole;
	readonly packets: number;
}

/** In nat a rule sees only the first packet of a connection, so packets are connections. */
export function sumCounters(rules: readonly CountedRule[]): RuleCounters {
	const sum = (isCounted: (rule: CountedRule) => boolean) =>
		rules.filter(isCounted).reduce((total, { packets }) => total + packets, 0);
	const of = (direction: RuleCount['direction'], wanted: RuleRole) =>
		sum(({ table, chain, role }) => table === 'nat' && directionOf(chain) === direction && role === wanted);
	return {
		ingress: { connections: of('ingress', 'redirect') },
		egress: { connections: of('egress', 'redirect'), direct: of('egress', 'exclusion') },
		dropped: sum(({ role }) => role === 'stray'),
		rules: byReason(rules.filter(isDecisive)),
	};
}

/** In mangle, exclusions and owners only keep packets from being dropped. */
const isDecisive = ({ table, role }: CountedRule): boolean => table === 'nat' || role === 'stray' || role === 'guard';

function byReason(rules: readonly CountedRule[]): readonly RuleCount[] {
	const found = new Map<string, RuleCount>();
	for (const { chain, role, setting, packets } of rules) {
		const reason = { direction: directionOf(chain), verdict: verdicts[role], setting };
		const key = Object.values(reason).join(' ');
		found.set(key, { ...reason, count: (found.get(key)?.count ?? 0) + packets });
	}
	return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}

const verdicts: Readonly<Record<RuleRole, RuleCount['verdict']>> = {
	redirect: 'captured',
	exclusion: 'direct',
	owner: 'direct',
	stray: 'dropped',
	guard: 'dropped',
};

const INBOUND: readonly ChainName[] = ['APPMESH_INGRESS', 'APPMESH_INVALID'];
const directionOf = (chain: ChainName): RuleCount['direction'] => (INBOUND.includes(chain) ? 'ingress' : 'egress');

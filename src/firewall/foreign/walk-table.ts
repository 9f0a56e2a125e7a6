import type { Packet, Rule, Table } from './foreign-rule.ts';
import { allMatch } from './match-packet.ts';

/** What surely becomes of a packet; `maybe`: it depends on something that is not known. */
export interface Outcome {
	readonly verdict: 'accept' | 'drop' | 'maybe';
	/** The rule that decided it. */
	readonly by: Rule | 'policy';
}

const MAX_DEPTH = 16;

/** What an earlier rule may have decided. */
interface Doubt {
	mayAccept: boolean;
	mayDrop: boolean;
}
type End = { readonly verdict: 'accept' | 'drop'; readonly by: Rule } | 'through';

/** Follows the packet through a chain as the kernel does. `dropsRest`: the chain's policy. */
export function outcomeOf(table: Table, chain: string, packet: Packet, dropsRest: boolean): Outcome {
	const doubt: Doubt = { mayAccept: false, mayDrop: false };
	const end = walk(table, chain, packet, doubt, 0);
	const found = end === 'through' ? ({ verdict: dropsRest ? 'drop' : 'accept', by: 'policy' } as const) : end;
	const isSure = found.verdict === 'drop' ? !doubt.mayAccept : !doubt.mayDrop;
	return isSure ? found : { verdict: 'maybe', by: found.by };
}

function walk(table: Table, name: string, packet: Packet, doubt: Doubt, depth: number): End {
	const rules = (table.chains.get(name) ?? [])
		.map((rule) => ({ rule, holds: allMatch(rule.matches, packet) }))
		.filter(({ holds }) => holds !== false);
	const last = rules.findIndex(({ rule, holds }) => rule.verdict.kind === 'return' && holds === true);
	const asked = last === -1 ? rules : rules.slice(0, last);
	// Rules after one that may return may not be reached.
	const doubted = asked.findIndex(({ rule }) => rule.verdict.kind === 'return');
	for (const [at, { rule, holds }] of asked.entries()) {
		const end = endOf(table, rule, packet, doubt, depth);
		const isSure = holds === true && (doubted === -1 || at < doubted);
		if (end !== 'through' && isSure) return end;
		if (end !== 'through') note(doubt, end.verdict);
	}
	return 'through';
}

function note(doubt: Doubt, verdict: 'accept' | 'drop'): void {
	if (verdict === 'accept') doubt.mayAccept = true;
	else doubt.mayDrop = true;
}

function endOf(table: Table, rule: Rule, packet: Packet, doubt: Doubt, depth: number): End {
	const { verdict } = rule;
	if (verdict.kind === 'accept' || verdict.kind === 'drop') return { verdict: verdict.kind, by: rule };
	if (!('chain' in verdict) || depth > MAX_DEPTH) return 'through';
	return walk(table, verdict.chain, packet, doubt, depth + 1);
}

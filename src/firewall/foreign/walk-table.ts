import type { Packet, Rule, Table } from './foreign-rule.ts';
import { allHold } from './match-packet.ts';

/** What becomes of a packet for sure; `maybe`: that depends on what is not known. */
export interface Outcome {
	readonly verdict: 'accept' | 'drop' | 'maybe';
	/** Whose it is, in the words of its tool. */
	readonly by: Rule | 'policy';
}

const DEEPEST = 16;

/** What may already have happened. */
interface Doubt {
	mayAccept: boolean;
	mayDrop: boolean;
}
type End = { readonly verdict: 'accept' | 'drop'; readonly by: Rule } | 'through';

/** The kernel's own way through a chain, as far as it is known. `dropsRest`: its policy. */
export function outcomeOf(table: Table, chain: string, packet: Packet, dropsRest: boolean): Outcome {
	const doubt: Doubt = { mayAccept: false, mayDrop: false };
	const end = walk(table, chain, packet, doubt, 0);
	const found = end === 'through' ? ({ verdict: dropsRest ? 'drop' : 'accept', by: 'policy' } as const) : end;
	const isSure = found.verdict === 'drop' ? !doubt.mayAccept : !doubt.mayDrop;
	return isSure ? found : { verdict: 'maybe', by: found.by };
}

function walk(table: Table, name: string, packet: Packet, doubt: Doubt, depth: number): End {
	const rules = (table.chains.get(name) ?? [])
		.map((rule) => ({ rule, holds: allHold(rule.matches, packet) }))
		.filter(({ holds }) => holds !== false);
	const last = rules.findIndex(({ rule, holds }) => rule.verdict.kind === 'return' && holds === true);
	const asked = last === -1 ? rules : rules.slice(0, last);
	// What comes behind one that may return may not be asked any more.
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
	if (!('chain' in verdict) || depth > DEEPEST) return 'through';
	return walk(table, verdict.chain, packet, doubt, depth + 1);
}

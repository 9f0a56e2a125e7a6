import type { Fact } from './conditions.ts';

/** Somebody's rule that takes captured connections before ours see them; as src/firewall/foreign/overtaking.ts finds it. */
export interface Overtaken {
	readonly family: string;
	readonly kind: string;
	readonly port: number | undefined;
	readonly place: string;
	readonly rule: string;
	readonly isFirst: boolean;
}

export function orderFact(found: readonly Overtaken[]): Fact {
	const first = found.find(({ isFirst, rule }) => isFirst && rule !== '') ?? found[0];
	if (first === undefined) return { subject: 'order', ok: true };
	const more = found.length === 1 ? '' : `, and ${found.length - 1} more such rules`;
	return {
		subject: 'order',
		ok: false,
		why: `${sayingOf(first)}${more}`,
		remedy: `Take the rule away, keep ${first.kind === 'inbound' ? 'the port out of appPorts' : 'what it is about out of what is captured'}, or give its chain a priority above -100; see docs/firewalls.md, "Who comes first"`,
	};
}

function sayingOf({ family, kind, port, place, rule, isFirst }: Overtaken): string {
	const connections = `${kind} ${family} connections${port === undefined ? '' : `, such as those to port ${port},`}`;
	if (rule === '') return `${connections} may go past Envoy: ${place} comes before ours and cannot be read without nft`;
	const order = isFirst ? 'comes before ours' : 'may come before ours';
	return `${connections} may go past Envoy: ${place} ${order} and has "${rule}"`;
}

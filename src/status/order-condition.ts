import type { Fact } from './conditions.ts';

/** Another program's rule that handles captured connections before ours; found by src/firewall/foreign/overtaking.ts. */
export interface Overtaken {
	readonly family: string;
	readonly kind: string;
	readonly port: number | undefined;
	readonly place: string;
	readonly rule: string;
	readonly isFirst: boolean;
	/** Whose it is, where that is known. */
	readonly program?: { readonly name: string; readonly remedy: string } | undefined;
}

export function orderFact(found: readonly Overtaken[]): Fact {
	const first = found.find(({ isFirst, rule }) => isFirst && rule !== '') ?? found[0];
	if (first === undefined) return { subject: 'order', ok: true };
	const more = found.length === 1 ? '' : `, and ${found.length - 1} more such rules`;
	return {
		subject: 'order',
		ok: false,
		why: `${reasonOf(first)}${more}`,
		remedy: `${first.program === undefined ? 'Remove the rule' : first.program.remedy}, ${first.kind === 'inbound' ? 'remove the port from appPorts' : 'exclude its connections from capture'}, or give its chain a priority above -100; see docs/firewalls.md, "Whose rules come first"`,
	};
}

function reasonOf({ family, kind, port, place, rule, isFirst, program }: Overtaken): string {
	const connections = `${kind} ${family} connections${port === undefined ? '' : `, such as those to port ${port},`}`;
	if (rule === '') return `${connections} may bypass Envoy: ${place} comes before ours and cannot be read without nft`;
	const whose = program === undefined ? '' : `, which is ${program.name}'s,`;
	const order = isFirst ? 'comes before ours' : 'may come before ours';
	return `${connections} may bypass Envoy: ${place}${whose} ${order} and has "${rule}"`;
}

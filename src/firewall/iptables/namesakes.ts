import type { Namesake } from '../firewall.ts';
import { parseLine, targetOf } from './save-line.ts';

/**
 * Chains with names like ours in what `iptables-save` prints once ours are gone. The 2019 script's names are ours too; the
 * gateways' APPMESH_LOCAL is not. What removes one, as arguments of iptables: the rules that lead to it, its own, itself.
 */
export function parseNamesakes(saved: string): Omit<Namesake, 'family'>[] {
	const found: { readonly table: string; readonly chain: string; readonly leading: string[] }[] = [];
	let table = '';
	for (const text of saved.split('\n')) {
		const line = parseLine(text);
		if (line.kind === 'table') table = line.name;
		if (line.kind === 'chain' && line.name.startsWith('APPMESH_')) found.push({ table, chain: line.name, leading: [] });
		if (line.kind !== 'rule') continue;
		// iptables-save declares a table's chains before it says their rules.
		const target = found.find((each) => each.table === table && each.chain === targetOf(line.rule));
		target?.leading.push(`-D ${line.chain} ${line.rule}`);
	}
	const emptied = found.map(({ table, chain, leading }) => ({ table, chain, steps: [...leading, `-F ${chain}`] }));
	return emptied.map(({ table, chain, steps }) => ({
		table,
		chain,
		removal: [...steps, `-X ${chain}`].map((step) => `-t ${table} ${step}`),
	}));
}

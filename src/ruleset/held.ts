import { type Line, parseLine } from './line.ts';
import { type ChainName, chainNames, type TableName } from './model.ts';

/** Our part of one family's tables, in iptables' own spelling: what is there, or what should be. */
export interface Held {
	readonly chains: readonly HeldChain[];
	readonly hooks: readonly HeldHook[];
}

export interface HeldChain {
	readonly table: TableName;
	readonly name: ChainName;
	/** Everything behind `-A CHAIN `. */
	readonly rules: readonly string[];
	/** Packets seen by each rule; in nat these are connections. Empty where nobody has counted. */
	readonly packets: readonly number[];
}

/** A rule of a chain that is not ours and leads to one that is. */
export interface HeldHook {
	readonly table: TableName;
	readonly chain: string;
	/** Counted from 1, as `iptables -I` does. */
	readonly position: number;
	readonly rule: string;
}

export const nothing: Held = { chains: [], hooks: [] };

/** Picks what bears our names out of what `iptables-save -c` printed; everything else belongs to others. */
export function parseSaved(saved: string): Held {
	const lines = saved.split('\n').map(parseLine);
	const chains: HeldChain[] = [];
	const hooks: HeldHook[] = [];
	const places = new Map<string, number>();
	let table = '';
	for (const line of lines) {
		if (line.kind === 'table') table = line.name;
		if (line.kind === 'other' || line.kind === 'table' || !isTable(table)) continue;
		if (line.kind === 'chain') chains.push(...declared(table, line.name));
		else collect(line, table, { chains, hooks, places });
	}
	return { chains, hooks };
}

const isTable = (name: string): name is TableName => name === 'mangle' || name === 'nat';
const isOurs = (name: string): name is ChainName => chainNames.some((ours) => ours === name);

const declared = (table: TableName, name: string): HeldChain[] =>
	isOurs(name) ? [{ table, name, rules: [], packets: [] }] : [];

interface Collection {
	readonly chains: HeldChain[];
	readonly hooks: HeldHook[];
	readonly places: Map<string, number>;
}

function collect(line: Line & { kind: 'rule' }, table: TableName, { chains, hooks, places }: Collection): void {
	const position = (places.get(`${table} ${line.chain}`) ?? 0) + 1;
	places.set(`${table} ${line.chain}`, position);
	const at = chains.findIndex((chain) => chain.table === table && chain.name === line.chain);
	const own = chains[at];
	if (own !== undefined)
		chains[at] = { ...own, rules: [...own.rules, line.rule], packets: [...own.packets, line.packets] };
	else if (isOurs(line.target)) hooks.push({ table, chain: line.chain, position, rule: line.rule });
}

import { type ChainName, chainNames, type TableName } from '../../ruleset/model.ts';
import { type BuiltIn, builtIns, type IptablesRules, type JumpRule, markOf } from './iptables-rules.ts';
import { type Line, parseLine, targetOf } from './save-line.ts';

/** Our chains and the rules that lead to them in the output of `iptables-save -c`; the rest belongs to others. */
export function parseIptablesSave(saved: string): IptablesRules {
	const found: Found = { chains: new Map(), hooks: [], counts: new Map(), createdBuiltIns: [] };
	let table = '';
	for (const text of saved.split('\n')) {
		const line = parseLine(text);
		if (line.kind === 'table') table = line.name;
		if (!isTable(table)) continue;
		if (line.kind === 'chain') declare(found, table, line.name);
		if (line.kind === 'rule') collect(found, table, line);
	}
	const createdBuiltIns = Object.fromEntries(found.createdBuiltIns.map((chain) => [chain, useOf(found, chain)]));
	return {
		chains: [...found.chains.values()],
		hooks: found.hooks,
		...(found.createdBuiltIns.length === 0 ? {} : { createdBuiltIns }),
	};
}

function useOf({ hooks, counts }: Found, builtIn: BuiltIn): 'alone' | 'shared' {
	const own = hooks.filter(({ table, chain }) => table === 'mangle' && chain === builtIn).length;
	return (counts.get(`mangle ${builtIn}`) ?? 0) === own ? 'alone' : 'shared';
}

const isTable = (name: string): name is TableName => name === 'mangle' || name === 'nat';
/** After `iptables -E` a rule that led to our chain leads to the new name; our comment still tells it. */
const isRenamed = (rule: string): boolean => /--comment "turnout: (who takes )?connections (from|of|on) /.test(rule);
const isOurs = (name: string): name is ChainName => chainNames.some((ours) => ours === name);

/** Filled line by line. */
interface Found {
	readonly chains: Map<string, { table: TableName; name: ChainName; rules: string[]; packets: number[] }>;
	readonly hooks: JumpRule[];
	/** Number of rules of each chain so far. */
	readonly counts: Map<string, number>;
	readonly createdBuiltIns: BuiltIn[];
}

function declare(found: Found, table: TableName, name: string): void {
	if (isOurs(name)) found.chains.set(`${table} ${name}`, { table, name, rules: [], packets: [] });
	if (table === 'mangle') found.createdBuiltIns.push(...builtIns.filter((chain) => markOf(chain) === name));
}

function collect({ chains, hooks, counts }: Found, table: TableName, line: Line & { kind: 'rule' }): void {
	const place = `${table} ${line.chain}`;
	const position = (counts.get(place) ?? 0) + 1;
	counts.set(place, position);
	const own = chains.get(place);
	if (own !== undefined) {
		own.rules.push(line.rule);
		own.packets.push(line.packets);
	} else if (isOurs(targetOf(line.rule)) || isRenamed(line.rule))
		hooks.push({ table, chain: line.chain, position, rule: line.rule });
}

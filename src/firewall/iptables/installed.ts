import { type ChainName, chainNames, type TableName } from '../../ruleset/model.ts';
import { type Line, parseLine, targetOf } from './save-line.ts';

/** Our part of one family's tables, in iptables' own spelling: what is there, or what should be. */
export interface IptablesRules {
	readonly chains: readonly ChainRules[];
	readonly hooks: readonly JumpRule[];
	/**
	 * The mangle table had no such chain before we came (nft-backed iptables makes built-in chains when they are first
	 * needed), so it goes with us, unless others have put rules in it since.
	 */
	readonly createdPrerouting?: Readonly<Partial<Record<BuiltIn, 'alone' | 'shared'>>>;
}

/** The chains of mangle that we hang on. */
export const builtIns = ['PREROUTING', 'OUTPUT'] as const;
export type BuiltIn = (typeof builtIns)[number];

/** An empty chain of this name in mangle is how the kernel itself remembers that the chain there is of our making. */
export const markOf = (chain: BuiltIn): string => `APPMESH_${chain}`;

const onlyInMangle: readonly string[] = ['APPMESH_ANSWER', 'APPMESH_INVALID', 'APPMESH_LOST'];

/** Every chain in which there can be something of ours. */
export const ownChains = {
	mangle: {
		own: [...chainNames.filter((name) => name !== 'APPMESH_TRACKING'), ...builtIns.map(markOf)],
		parents: builtIns,
	},
	nat: { own: chainNames.filter((name) => !onlyInMangle.includes(name)), parents: ['PREROUTING', 'OUTPUT'] },
} as const;

export interface ChainRules {
	readonly table: TableName;
	readonly name: ChainName;
	/** Everything behind `-A CHAIN `. */
	readonly rules: readonly string[];
	/** Packets seen by each rule; in nat these are connections. Empty where nobody has counted. */
	readonly packets: readonly number[];
}

/** A rule of a chain that is not ours and leads to one that is. */
export interface JumpRule {
	readonly table: TableName;
	readonly chain: string;
	/** Counted from 1, as `iptables -I` does. */
	readonly position: number;
	readonly rule: string;
}

export const emptyRules: IptablesRules = { chains: [], hooks: [] };

/** There is more than a guard. */
export const isCapturing = ({ hooks }: IptablesRules): boolean => hooks.some(({ table }) => table === 'nat');

/** Picks what bears our names out of what `iptables-save -c` printed; everything else belongs to others. */
export function parseIptablesSave(saved: string): IptablesRules {
	const found: Found = { chains: new Map(), hooks: [], counts: new Map(), made: [] };
	let table = '';
	for (const text of saved.split('\n')) {
		const line = parseLine(text);
		if (line.kind === 'table') table = line.name;
		if (!isTable(table)) continue;
		if (line.kind === 'chain') declare(found, table, line.name);
		if (line.kind === 'rule') collect(found, table, line);
	}
	const createdPrerouting = Object.fromEntries(found.made.map((chain) => [chain, useOf(found, chain)]));
	return {
		chains: [...found.chains.values()],
		hooks: found.hooks,
		...(found.made.length === 0 ? {} : { createdPrerouting }),
	};
}

function useOf({ hooks, counts }: Found, builtIn: BuiltIn): 'alone' | 'shared' {
	const own = hooks.filter(({ table, chain }) => table === 'mangle' && chain === builtIn).length;
	return (counts.get(`mangle ${builtIn}`) ?? 0) === own ? 'alone' : 'shared';
}

const isTable = (name: string): name is TableName => name === 'mangle' || name === 'nat';
/** A chain that somebody has renamed (`iptables -E`) takes with it what led to it: our reasons stand beside. */
const isRenamed = (rule: string): boolean => /--comment "turnout: (who takes )?connections (from|of|on) /.test(rule);
const isOurs = (name: string): name is ChainName => chainNames.some((ours) => ours === name);

/** Filled line by line. */
interface Found {
	readonly chains: Map<string, { table: TableName; name: ChainName; rules: string[]; packets: number[] }>;
	readonly hooks: JumpRule[];
	/** Rules of each chain so far. */
	readonly counts: Map<string, number>;
	readonly made: BuiltIn[];
}

function declare(found: Found, table: TableName, name: string): void {
	if (isOurs(name)) found.chains.set(`${table} ${name}`, { table, name, rules: [], packets: [] });
	if (table === 'mangle') found.made.push(...builtIns.filter((chain) => markOf(chain) === name));
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

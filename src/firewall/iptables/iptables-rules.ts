import { type ChainName, chainNames, type TableName } from '../../ruleset/model.ts';
import type { InstalledSet, IpSet } from './ip-set.ts';

/** Our part of one family's tables, as iptables-save spells it: what is there, or what should be. */
export interface IptablesRules {
	readonly chains: readonly ChainRules[];
	readonly hooks: readonly JumpRule[];
	/** Those that the rules use; of what is there, also others with a name of ours. */
	readonly sets?: readonly (IpSet | InstalledSet)[];
	/**
	 * Built-in chains of mangle that were created for us (nft-backed iptables creates them when they are first needed), so
	 * they are removed with our rules; `shared`: unless others have put rules in them since.
	 */
	readonly createdBuiltIns?: Readonly<Partial<Record<BuiltIn, 'alone' | 'shared'>>>;
}

/** The chains that lead to ours. */
export const builtIns = ['PREROUTING', 'OUTPUT'] as const;
export type BuiltIn = (typeof builtIns)[number];

/** An empty chain of this name in mangle marks the built-in chain as created for us: the kernel remembers it for us. */
export const markOf = (chain: BuiltIn): string => `APPMESH_${chain}`;

const onlyInMangle: readonly string[] = [
	...['APPMESH_ANSWER', 'APPMESH_INVALID', 'APPMESH_LOST'],
	...['APPMESH_TPROXY', 'APPMESH_COOKIE', 'APPMESH_CLIENT', 'APPMESH_REPLY'],
];

/** Every chain that can have a rule of ours. */
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
	/** Packets seen by each rule; in nat these are connections. Empty for rules that are not installed. */
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

/** There is more than the guard. */
export const isCapturing = ({ hooks }: IptablesRules): boolean => hooks.some(({ table }) => table === 'nat');

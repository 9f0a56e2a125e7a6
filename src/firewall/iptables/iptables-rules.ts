import { type ChainName, chainNames, type TableName } from '../../ruleset/model.ts';

/** Our part of one family's tables, in iptables' own spelling: what is there, or what should be. */
export interface IptablesRules {
	readonly chains: readonly ChainRules[];
	readonly hooks: readonly JumpRule[];
	/**
	 * The mangle table had no such chain before we came (nft-backed iptables makes built-in chains when they are first
	 * needed), so it goes with us, unless others have put rules in it since.
	 */
	readonly createdBuiltIns?: Readonly<Partial<Record<BuiltIn, 'alone' | 'shared'>>>;
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

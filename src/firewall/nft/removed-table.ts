import { drainChains } from '../../ruleset/model.ts';
import { type Family, families } from '../../values/units.ts';
import {
	baseChainOf,
	baseOf,
	chainOf,
	familyOf,
	type NftChain,
	type NftTable,
	noTable,
	targetOf,
} from './nft-table.ts';

/**
 * Stays while captured connections are open: a chain that nothing leads to, whose one rule needs connection tracking. When
 * the last rule that needs it goes, the kernel stops translating addresses in the middle of those connections
 * (nf_ct_netns_put, nf_conntrack_proto.c); and so it does with the last nat chain (nf_nat_unregister_fn, nf_nat_core.c).
 */
const anchor: NftChain = {
	name: 'nat_tracking',
	rules: ['ct state invalid return comment "turnout: connections captured before go on to their end"'],
};

const keptChains = families.flatMap((family) => drainChains.map((name) => chainOf('mangle', name, family)));
const leadsToKept = (rule: string): boolean => keptChains.includes(targetOf(rule));

/** Nothing of ours in this family, or nothing but what open connections need. */
export const isRemoved = ({ chains }: NftTable, family: Family): boolean =>
	chains.every(({ name, base, rules }) =>
		base === undefined
			? familyOf(name) !== family || name === anchor.name || keptChains.includes(name)
			: rules.every((rule) => familyOf(name, rule) !== family || leadsToKept(rule)),
	);

/**
 * What stays when interception is switched off. The rules about who may answer on Envoy's ports stay too: a program that
 * bound them while Envoy was away would otherwise answer what was sent there before.
 */
export function drainRemainder({ chains }: NftTable): NftTable {
	const natBases = (['PREROUTING', 'OUTPUT'] as const)
		.filter((at) => chains.some(({ name }) => name === baseChainOf('nat', at)))
		.map((at): NftChain => ({ name: baseChainOf('nat', at), base: baseOf('nat', at), rules: [] }));
	const mangleBases = (['PREROUTING', 'OUTPUT'] as const)
		.map((at): NftChain => {
			const name = baseChainOf('mangle', at);
			const rules = chains.find((chain) => chain.name === name)?.rules.filter(leadsToKept) ?? [];
			return { name, base: baseOf('mangle', at), rules };
		})
		.filter(({ rules }) => rules.length > 0);
	const jumps = mangleBases.flatMap(({ rules }) => rules);
	const kept = [
		...mangleBases,
		...natBases,
		...chains.filter(({ name }) => jumps.some((rule) => targetOf(rule) === name)),
		...(natBases.length === 0 ? [] : [anchor]),
	];
	return kept.length === 0 ? noTable : { ...noTable, exists: true, chains: kept };
}

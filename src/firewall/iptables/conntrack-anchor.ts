import { drainChains } from '../../ruleset/model.ts';
import type { ChainRules, IptablesRules, JumpRule } from './iptables-rules.ts';
import { targetOf } from './save-line.ts';

/**
 * Stays while captured connections are open: an unhooked chain whose one rule needs connection tracking. When the last
 * rule that needs it goes, the kernel stops translating addresses in the middle of those connections (nf_ct_netns_put,
 * nf_conntrack_proto.c).
 */
export const conntrackAnchor: IptablesRules = {
	hooks: [],
	chains: [
		{
			table: 'nat',
			name: 'APPMESH_TRACKING',
			rules: [
				'-p tcp -m conntrack --ctstate INVALID -m comment --comment "turnout: connections captured before go on to their end" -j RETURN',
			],
			packets: [],
		},
	],
};

const isKept = (name: string): boolean => drainChains.some((kept) => kept === name);
const leadsToKept = ({ rule }: JumpRule): boolean => isKept(targetOf(rule));

/** Nothing of ours, or nothing but what open connections need. */
export const isRemoved = ({ chains, hooks }: IptablesRules): boolean =>
	hooks.every(leadsToKept) && chains.every(({ name }) => name === 'APPMESH_TRACKING' || isKept(name));

/**
 * What stays when interception is switched off. The rules about who may answer on Envoy's ports stay too: a program that
 * bound them while Envoy was away would otherwise answer what was sent there before.
 */
export function drainRemainder(found: IptablesRules): IptablesRules {
	const kept = found.hooks.filter(leadsToKept);
	const isHooked = ({ name }: ChainRules) => isKept(name) && kept.some(({ rule }) => targetOf(rule) === name);
	const before = (at: number) => kept.slice(0, at).filter(({ chain }) => chain === kept[at]?.chain).length;
	return {
		hooks: kept.map((hook, at) => ({ ...hook, position: before(at) + 1 })),
		chains: [
			...found.chains.filter(isHooked),
			...(found.chains.some(({ table }) => table === 'nat') ? conntrackAnchor.chains : []),
		],
	};
}

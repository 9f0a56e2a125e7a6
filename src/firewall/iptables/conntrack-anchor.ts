import type { IptablesRules, JumpRule } from './iptables-rules.ts';

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

const ANSWER = 'APPMESH_ANSWER';
const leadsToAnswer = ({ rule }: JumpRule): boolean => rule.endsWith(` -j ${ANSWER}`);

/** Nothing of ours, or nothing but what open connections need. */
export const isRemoved = ({ chains, hooks }: IptablesRules): boolean =>
	hooks.every(leadsToAnswer) && chains.every(({ name }) => name === 'APPMESH_TRACKING' || name === ANSWER);

/**
 * What stays when interception is switched off. The rules about who may answer on Envoy's ports stay too: a program that
 * bound them while Envoy was away would otherwise answer what was sent there before.
 */
export function drainRemainder(found: IptablesRules): IptablesRules {
	const isAnswering = found.hooks.some(leadsToAnswer);
	return {
		hooks: found.hooks.filter(leadsToAnswer).map((hook, at) => ({ ...hook, position: at + 1 })),
		chains: [
			...(isAnswering ? found.chains.filter(({ name }) => name === ANSWER) : []),
			...(found.chains.some(({ table }) => table === 'nat') ? conntrackAnchor.chains : []),
		],
	};
}

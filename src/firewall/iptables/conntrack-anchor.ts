import type { IptablesRules, JumpRule } from './iptables-rules.ts';

/**
 * What is left of ours while captured connections are open: an unhooked chain whose one rule needs connection tracking.
 * With the last rule that needs it the kernel would stop translating addresses in the middle of those connections
 * (nf_ct_netns_put, nf_conntrack_proto.c), on hosts where nobody else has such rules.
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

/** Held is off: nothing, or nothing but what lets connections end. */
export const isRemoved = ({ chains, hooks }: IptablesRules): boolean =>
	hooks.every(leadsToAnswer) && chains.every(({ name }) => name === 'APPMESH_TRACKING' || name === ANSWER);

/**
 * What is to be left of it when it is switched off. Who may answer on Envoy's ports too: whoever has bound them while it
 * was away answers again and again to what was sent there before.
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

import type { Held } from './held.ts';

/**
 * What is left of ours while captured connections are open: an unhooked chain whose one rule needs connection tracking.
 * With the last rule that needs it the kernel would stop translating addresses in the middle of those connections
 * (nf_ct_netns_put, nf_conntrack_proto.c), on hosts where nobody else has such rules.
 */
export const tracking: Held = {
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

/** Held is off: nothing, or nothing but what lets connections end. */
export const isOff = ({ chains, hooks }: Held): boolean =>
	hooks.length === 0 && chains.every(({ name }) => name === 'APPMESH_TRACKING');

/** What is to be left of it when it is switched off. */
export const remainderOf = (found: Held): Held => ({
	...tracking,
	chains: found.chains.some(({ table }) => table === 'nat') ? tracking.chains : [],
});

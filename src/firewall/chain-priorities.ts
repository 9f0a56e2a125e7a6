/** In which order the kernel asks the base chains of one hook; lower comes first (linux/netfilter_ipv4.h). */
export const iptablesNatPriority = -100;

/**
 * Of our nft table: before iptables' mangle (-150), so that the guard sees the port that was dialled; and before all nat chains of
 * Docker's and of others at the usual -100 (NF_IP_PRI_NAT_DST), in whichever order they are registered.
 */
export const nftPriorities = { mangle: -160, nat: -101 } as const;

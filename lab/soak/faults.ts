/** What others do to a host, for sh(1); each is to be put right by itself. */
export interface SoakFault {
	readonly what: string;
	readonly script: string;
}

export const soakFaults: readonly [SoakFault, ...SoakFault[]] = [
	{ what: 'one rule deleted', script: 'iptables-nft -w -t nat -D APPMESH_EGRESS 1' },
	{ what: 'a chain of ours flushed', script: 'ip6tables-nft -w -t nat -F APPMESH_INGRESS' },
	{ what: 'iptables -t nat -F', script: 'iptables-nft -w -t nat -F' },
	{ what: 'nft flush ruleset', script: 'nft flush ruleset' },
	{
		what: 'the policy rule deleted',
		script: 'ip rule del table "$(ip rule | sed -n "s/.*proto 206$/&/; s/.*lookup \\([0-9]*\\) proto 206$/\\1/p")"',
	},
	{ what: 'our hook deleted', script: 'iptables-nft -w -t nat -D OUTPUT 1' },
	{ what: 'a rule put before ours', script: 'ip6tables-nft -w -t nat -I PREROUTING 1 -p udp --dport 9 -j ACCEPT' },
];

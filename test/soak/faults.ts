/** What others do to a host, for sh(1). In the end all is as wanted, by itself. */
export interface SoakFault {
	readonly what: string;
	readonly script: string;
	/** Something of ours is undone and put right, which is told; or nothing is. */
	readonly leadsTo: 'a repair' | 'nothing';
	/** The daemon is halted meanwhile (SIGSTOP). */
	readonly isHalted?: boolean;
}

/** Ours has a number of its own in each settings. */
const OUR_TABLE = 'table="$(ip rule | sed -n "s/.*lookup \\([0-9]*\\) proto 206$/\\1/p")"';

export const soakFaults: readonly [SoakFault, ...SoakFault[]] = [
	{ what: 'one rule deleted', script: 'iptables-nft -w -t nat -D APPMESH_EGRESS 1', leadsTo: 'a repair' },
	{ what: 'a chain of ours flushed', script: 'ip6tables-nft -w -t nat -F APPMESH_INGRESS', leadsTo: 'a repair' },
	{ what: 'iptables -t nat -F', script: 'iptables-nft -w -t nat -F', leadsTo: 'a repair' },
	{ what: 'nft flush ruleset', script: 'nft flush ruleset', leadsTo: 'a repair' },
	{ what: 'the policy rule deleted', script: `${OUR_TABLE}; ip rule del table "$table"`, leadsTo: 'a repair' },
	{ what: 'our hook deleted', script: 'iptables-nft -w -t nat -D OUTPUT 1', leadsTo: 'a repair' },
	{
		what: 'a rule put before ours',
		script: 'ip6tables-nft -w -t nat -I PREROUTING 1 -p udp --dport 9 -j ACCEPT',
		leadsTo: 'a repair',
	},
	{
		what: "somebody else's rule leads to our route table for a while",
		script: `${OUR_TABLE}; ip rule add from 10.88.0.2 lookup "$table"; sleep 0.5; ip rule del from 10.88.0.2 lookup "$table"`,
		leadsTo: 'nothing',
	},
	{ what: 'conntrack -F', script: 'conntrack -F', leadsTo: 'nothing' },
	{
		what: '2,000 routes come and go',
		script:
			'seq -f "route add 198.18.%g.0/24 dev lo table 77" 0 255 | ip -force -batch - 2>/dev/null || true; for octet in 1 2 3 4 5 6 7; do seq -f "route add 198.18.%g.$octet/32 dev lo table 77" 0 249; done | ip -batch -; ip route flush table 77',
		leadsTo: 'nothing',
	},
	{
		what: "500 rules of somebody else's come and go while the daemon is halted",
		script:
			'{ echo "*filter"; echo ":OTHERS - [0:0]"; seq -f "-A OTHERS -p tcp --dport %g -j ACCEPT" 500; echo COMMIT; } | iptables-nft-restore -w -n; iptables-nft -w -F OTHERS; iptables-nft -w -X OTHERS',
		leadsTo: 'nothing',
		isHalted: true,
	},
];

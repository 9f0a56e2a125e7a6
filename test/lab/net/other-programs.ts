// What other programs have in the kernel, in the shape that their sources give it, cut to what a host needs to be one of
// theirs. The interceptors send to ports of their own, so that who answers tells whose rules took the connection.
import type { Namespace } from './namespace.ts';
import { type Dialect, type Family, restore } from './restore.ts';

/** Where the proxies of other interceptors listen in the lab, and their user. */
export const theirs = { inbound: 17_006, outbound: 17_001, uid: 5678 } as const;

const loopback = { v4: '127.0.0.1/32', v6: '::1/128' } as const;

/** Tables of iptables, for iptables-restore. `uid`: the proxy's. */
type Document = (family: Family, uid: number) => string;

/** Inbound and outbound chains, each with one that redirects; `returns`: what the outbound one lets past. */
const sidecar =
	(
		names: { readonly in: string; readonly out: string; readonly toIn: string; readonly toOut: string },
		{ jump = '-p tcp', comment = '' } = {},
	): Document =>
	(family, uid) =>
		`*nat
:${names.in} - [0:0]
:${names.out} - [0:0]
:${names.toIn} - [0:0]
:${names.toOut} - [0:0]
-A PREROUTING ${jump} ${comment} -j ${names.in}
-A OUTPUT ${jump} ${comment} -j ${names.out}
-A ${names.in} -p tcp --dport 22 ${comment} -j RETURN
-A ${names.in} -p tcp ${comment} -j ${names.toIn}
-A ${names.out} -m owner --uid-owner ${uid} ${comment} -j RETURN
-A ${names.out} -d ${loopback[family]} ${comment} -j RETURN
-A ${names.out} ${comment} -j ${names.toOut}
-A ${names.toIn} -p tcp ${comment} -j REDIRECT --to-ports ${theirs.inbound}
-A ${names.toOut} -p tcp ${comment} -j REDIRECT --to-ports ${theirs.outbound}
COMMIT
`;

/** Linkerd redirects in the chains that the hooks lead to. */
const linkerd: Document = (_family, uid) => `*nat
:PROXY_INIT_OUTPUT - [0:0]
:PROXY_INIT_REDIRECT - [0:0]
-A PREROUTING -m comment --comment "proxy-init/install-proxy-init-prerouting/1" -j PROXY_INIT_REDIRECT
-A OUTPUT -m comment --comment "proxy-init/install-proxy-init-output/1" -j PROXY_INIT_OUTPUT
-A PROXY_INIT_OUTPUT -m owner --uid-owner ${uid} -m comment --comment "proxy-init/ignore-proxy-user-id/1" -j RETURN
-A PROXY_INIT_OUTPUT -o lo -m comment --comment "proxy-init/ignore-loopback/1" -j RETURN
-A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-ports ${theirs.outbound}
-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4190,22 -j RETURN
-A PROXY_INIT_REDIRECT -p tcp -j REDIRECT --to-ports ${theirs.inbound}
COMMIT
`;

export const interceptors: Readonly<Record<'Istio' | 'Kuma' | 'Linkerd' | 'Consul', Document>> = {
	Istio: sidecar({ in: 'ISTIO_INBOUND', out: 'ISTIO_OUTPUT', toIn: 'ISTIO_IN_REDIRECT', toOut: 'ISTIO_REDIRECT' }),
	Kuma: sidecar(
		{
			...{ in: 'KUMA_MESH_INBOUND', out: 'KUMA_MESH_OUTBOUND' },
			...{ toIn: 'KUMA_MESH_INBOUND_REDIRECT', toOut: 'KUMA_MESH_OUTBOUND_REDIRECT' },
		},
		{ comment: '-m comment --comment "kuma/mesh/transparent/proxy/a reason"' },
	),
	Linkerd: linkerd,
	Consul: sidecar({
		...{ in: 'CONSUL_PROXY_INBOUND', out: 'CONSUL_PROXY_OUTPUT' },
		...{ toIn: 'CONSUL_PROXY_IN_REDIRECT', toOut: 'CONSUL_PROXY_REDIRECT' },
	}),
};

export const installInterceptor = (
	namespace: Namespace,
	dialect: Dialect,
	name: keyof typeof interceptors,
	uid: number,
): void => restore(namespace, dialect, (family) => interceptors[name](family, uid));

/** Chains as each makes them, with a rule or two. */
export const iptablesOf: Readonly<Record<'kube-proxy' | 'firewalld' | 'fail2ban', string>> = {
	'kube-proxy': `*nat
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
COMMIT
`,
	firewalld: `*filter
:INPUT_direct - [0:0]
:INPUT_ZONES - [0:0]
:IN_public - [0:0]
-A INPUT -j INPUT_direct
-A INPUT -j INPUT_ZONES
-A INPUT_ZONES -j IN_public
-A IN_public -p tcp --dport 22 -j ACCEPT
COMMIT
`,
	fail2ban: `*filter
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A f2b-sshd -j RETURN
COMMIT
`,
};

/** The same in tables of nft. */
export const nftOf: Readonly<Record<'kube-proxy' | 'firewalld' | 'fail2ban' | 'Docker' | 'Podman', string>> = {
	'kube-proxy': `
table ip kube-proxy {
	chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
	chain nat-output { type nat hook output priority -100; jump services; }
	chain services { ip daddr 10.96.0.1 tcp dport 443 dnat to 192.0.2.7:6443; }
}
`,
	firewalld: `
table inet firewalld {
	chain filter_INPUT { type filter hook input priority 10; jump filter_INPUT_ZONES; }
	chain filter_INPUT_ZONES { tcp dport 22 accept; }
}
`,
	fail2ban: `
table inet f2b-table {
	set addr-set-sshd { type ipv4_addr; }
	chain f2b-chain { type filter hook input priority -1; tcp dport 22 ip saddr @addr-set-sshd reject; }
}
`,
	Docker: `
table ip docker-bridges {
	chain nat-PREROUTING { type nat hook prerouting priority -100; fib daddr type local jump nat-prerouting-and-output; }
	chain nat-OUTPUT { type nat hook output priority -100; ip daddr != 127.0.0.0/8 fib daddr type local jump nat-prerouting-and-output; }
	chain nat-prerouting-and-output { iifname != "docker0" tcp dport 9090 dnat to 172.17.0.9:80; }
}
`,
	Podman: `
table inet netavark {
	chain PREROUTING { type nat hook prerouting priority -100; fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }
	chain NETAVARK-HOSTPORT-DNAT { tcp dport 9091 dnat ip to 10.88.0.2:80; }
}
`,
};

/** Istio's nftables mode. `priority`: its own is -100. */
export const istioInNft = (uid: number, priority = -100): string => `
table inet istio-proxy-nat {
	chain prerouting {
		type nat hook prerouting priority ${priority}
		meta l4proto tcp jump istio-inbound
	}
	chain output {
		type nat hook output priority ${priority}
		jump istio-output
	}
	chain istio-inbound {
		tcp dport 22 return
		meta l4proto tcp jump istio-in-redirect
	}
	chain istio-output {
		meta skuid ${uid} return
		ip daddr 127.0.0.1 return
		ip6 daddr ::1 return
		jump istio-redirect
	}
	chain istio-redirect {
		meta l4proto tcp redirect to :${theirs.outbound}
	}
	chain istio-in-redirect {
		meta l4proto tcp redirect to :${theirs.inbound}
	}
}
`;

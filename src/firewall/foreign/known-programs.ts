/** Any of the first three is enough. Names of chains and of nft tables; rules as iptables-save prints them. */
export interface Signs {
	readonly chains?: RegExp;
	readonly tables?: RegExp;
	readonly rules?: RegExp;
	/** No rule of the chain is like this. */
	readonly unless?: RegExp;
	/** A chain that is, or is not, in this table of the same tool and family as well. */
	readonly beside?: { readonly table: string; readonly chain: string; readonly is: boolean };
}

/** Another program that has rules on hosts, and what they are recognised by. */
export interface Program {
	/** As people call it. */
	readonly name: string;
	/** It redirects connections to a proxy of its own, as turnout does. */
	readonly isInterceptor?: boolean;
	/** Its rules have our names, and `turnout takeover` replaces them by ours. */
	readonly isPredecessor?: boolean;
	/** What its rules are for. */
	readonly does: string;
	readonly signs: Signs;
	/** What runs and rewrites rules, by its name in the kernel (proc_pid_comm(5)). */
	readonly processes?: readonly string[];
	/** What to do where its rules and ours are about the same connections. */
	readonly remedy: string;
}

const REDIRECTS = 'redirects connections to a proxy of its own';

/** These two have our names for their chains, and no reason on any rule. */
const NAMESAKE = { rules: /^-A APPMESH_(IN|E)GRESS .*-j REDIRECT/, unless: /--comment "turnout: / } as const;

/**
 * The first that fits is it. The names are those that the programs' sources give: Istio's tools/istio-iptables and
 * istio-nftables, Kuma's transparent proxy, linkerd2-proxy-init, Consul's sdk/iptables, Kubernetes' pkg/proxy, moby's
 * bridge driver, firewalld, ufw, fail2ban's actions.
 */
export const programs: readonly Program[] = [
	{
		...{ name: 'the 2019 script', isInterceptor: true, isPredecessor: true, does: REDIRECTS },
		signs: { ...NAMESAKE, beside: { table: 'mangle', chain: 'APPMESH_INGRESS', is: true } },
		remedy: 'turnout takeover',
	},
	{
		...{ name: 'the App Mesh CNI plugin', isInterceptor: true, isPredecessor: true, does: REDIRECTS },
		signs: { ...NAMESAKE, beside: { table: 'mangle', chain: 'APPMESH_INGRESS', is: false } },
		remedy: 'turnout takeover',
	},
	{
		name: 'Istio',
		isInterceptor: true,
		does: REDIRECTS,
		signs: { chains: /^ISTIO_|^istio-/, tables: /^istio-(proxy|ambient)-/ },
		remedy: 'Take this host or pod out of Istio (sidecar.istio.io/inject: "false", istio.io/dataplane-mode: none)',
	},
	{
		name: 'Kuma',
		isInterceptor: true,
		does: REDIRECTS,
		signs: { chains: /^KUMA_/, rules: /"kuma\/mesh\/transparent\/proxy/ },
		remedy: 'Take it out of Kuma: kumactl uninstall transparent-proxy (pods: kuma.io/sidecar-injection: disabled)',
	},
	{
		name: 'Linkerd',
		isInterceptor: true,
		does: REDIRECTS,
		signs: { chains: /^PROXY_INIT_/, rules: /--comment "?proxy-init\// },
		remedy: 'Take the pod out of Linkerd (linkerd.io/inject: disabled)',
	},
	{
		name: 'Consul',
		isInterceptor: true,
		does: REDIRECTS,
		signs: { chains: /^CONSUL_(PROXY|DNS|NAT)_/, tables: /^consul_tproxy$/ },
		remedy: "Do not run consul connect redirect-traffic here (pods: consul.hashicorp.com/transparent-proxy: 'false')",
	},
	{
		name: 'Docker',
		does: 'publishes ports of containers and isolates their networks',
		signs: { chains: /^DOCKER(-|$)/, tables: /^docker-bridges$/ },
		processes: ['dockerd'],
		remedy: 'Take the port out of appPorts, or do not publish it',
	},
	{
		name: 'kube-proxy',
		does: 'sends connections to Kubernetes services to their pods',
		signs: { chains: /^KUBE-/, tables: /^kube-proxy$/ },
		processes: ['kube-proxy', 'kube-router'],
		remedy: "Exclude the services' addresses with egressIgnoredIps, or node ports from appPorts",
	},
	{
		name: 'Podman',
		does: 'publishes ports of containers',
		signs: { chains: /^NETAVARK[-_]/, tables: /^netavark$/ },
		remedy: 'Take the port out of appPorts, or do not publish it',
	},
	{
		name: 'firewalld',
		does: "is the host's firewall",
		signs: {
			chains: /^(INPUT|FORWARD(_IN|_OUT)?|OUTPUT|PREROUTING|POSTROUTING)_(direct|ZONES|POLICIES_(pre|post))$/,
			tables: /^firewalld$/,
		},
		processes: ['firewalld'],
		remedy: 'Remove its port forwarding: firewall-cmd --list-all-zones shows forward-ports',
	},
	{
		name: 'ufw',
		does: "is the host's firewall",
		signs: { chains: /^ufw6?-/ },
		remedy: 'Look into /etc/ufw/before.rules and after.rules',
	},
	{
		name: 'fail2ban',
		does: 'bans addresses',
		signs: { chains: /^(f2b|fail2ban)-/, tables: /^f2b-table$/ },
		processes: ['fail2ban-server'],
		remedy: 'See fail2ban-client status',
	},
];

/** They change rules of anybody, and have none that could be told by their names. */
const configurers: readonly string[] = ['puppet', 'chef-client', 'salt-minion'];

/** Programs that rewrite a host's rules, by the names of their processes. */
export const ruleWriters: readonly string[] = [
	...new Set([...programs.flatMap(({ processes }) => processes ?? []), ...configurers]),
];

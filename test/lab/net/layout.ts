// PURE. The addresses and routes of the lab, as scripts for `sh`: one process per namespace instead of one per address.

export const addresses = {
	host: { v4: '10.77.0.2', v6: 'fd77::2' },
	world: { v4: '10.77.0.1', v6: 'fd77::1' },
	/** Answered by the world: two sites, and the services of EC2 that must not be sent through a proxy. */
	remote: { v4: '203.0.113.10', v6: '2001:db8::10' },
	otherRemote: { v4: '203.0.113.11', v6: '2001:db8::11' },
	metadata: { v4: '169.254.169.254', v6: 'fd00:ec2::254' },
	credentials: { v4: '169.254.170.2' },
	bridge: { v4: '172.17.0.1', v6: 'fd17::1' },
	container: { v4: '172.17.0.2', v6: 'fd17::2' },
} as const;

const worldLoopback = [addresses.remote, addresses.otherRemote, addresses.metadata, addresses.credentials].flatMap(
	(site) => [`${site.v4}/32`, ...('v6' in site ? [`${site.v6}/128`] : [])],
);

/** What all namespaces have in common, before any link is made in them: nothing that happens by itself, later. */
export function renderCommon({ ipv6 }: { readonly ipv6: boolean }): string {
	const settings = [
		// A listener that has dropped its rights may bind port 22.
		['ipv4/ip_unprivileged_port_start', 0],
		['ipv6/conf/all/disable_ipv6', ipv6 ? 0 : 1],
		['ipv6/conf/default/disable_ipv6', ipv6 ? 0 : 1],
		// Addresses that wait to be found unique are usable after a second only, and change the routing table then.
		['ipv6/conf/default/accept_dad', 0],
		['ipv6/conf/default/dad_transmits', 0],
		['ipv6/conf/default/accept_ra', 0],
		['ipv6/conf/default/router_solicitations', 0],
	];
	return [
		...settings.map(([file, value]) => `echo ${value} > /proc/sys/net/${file}`),
		...batch(['link set lo up']),
	].join('\n');
}

export interface HostLayout {
	readonly ipv6: boolean;
	readonly world: string;
	readonly container?: string;
}

/** Forwarding is switched on with the bridge only: a real Docker closes FORWARD just when it finds it off. */
export function renderHost({ ipv6, world, container }: HostLayout): string {
	const { host, bridge } = addresses;
	return [
		...batch([
			...link('eth0', world),
			...(container === undefined
				? []
				: ['link add docker0 type bridge', ...link('veth0', container, 'master docker0')]),
			`addr add ${host.v4}/24 dev eth0`,
			...(container === undefined ? [] : [`addr add ${bridge.v4}/16 dev docker0`, 'link set docker0 up']),
			`route add default via ${addresses.world.v4}`,
			...(ipv6 ? [`addr add ${host.v6}/64 dev eth0 nodad`, `route add default via ${addresses.world.v6}`] : []),
			...(ipv6 && container !== undefined ? [`addr add ${bridge.v6}/64 dev docker0 nodad`] : []),
		]),
		...(container === undefined ? [] : ['echo 1 > /proc/sys/net/ipv4/ip_forward']),
		...(ipv6 && container !== undefined ? ['echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'] : []),
	].join('\n');
}

/** A cable to another namespace. It is made inside, so that no end of it is ever seen on the machine itself. */
const link = (name: string, peer: string, more = ''): string[] => [
	`link add ${name} type veth peer name eth0 netns ${peer}`,
	`link set ${name} up ${more}`,
];

export function renderWorld(more: readonly string[]): string {
	const { host, world } = addresses;
	return batch([
		'link set eth0 up',
		`addr add ${world.v4}/24 dev eth0`,
		`addr add ${world.v6}/64 dev eth0 nodad`,
		...[...worldLoopback, ...more].map((address) => `addr add ${address} dev lo`),
		// No masquerading is needed for a container to be answered.
		`route add 172.17.0.0/16 via ${host.v4}`,
		`route add fd17::/64 via ${host.v6}`,
	]).join('\n');
}

export function renderContainer({ ipv6 }: { readonly ipv6: boolean }): string {
	const { container, bridge } = addresses;
	return batch([
		'link set eth0 up',
		`addr add ${container.v4}/16 dev eth0`,
		`route add default via ${bridge.v4}`,
		...(ipv6 ? [`addr add ${container.v6}/64 dev eth0 nodad`, `route add default via ${bridge.v6}`] : []),
	]).join('\n');
}

const batch = (lines: readonly string[]): string[] => ["ip -batch - <<'END'", ...lines, 'END'];

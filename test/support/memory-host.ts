// A host without a kernel: firewalls of both dialects, routing, connections, and what is known of it.
import type { Connections, Listener, OpenConnection } from '../../src/connections/connections.ts';
import type { IptablesDialect } from '../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../src/firewall/iptables/iptables-firewall.ts';
import type { FactualHost, Ipv6Fact, Obstacle } from '../../src/reconcile/host.ts';
import type { Family } from '../../src/values/units.ts';
import { createMemoryIptables, type MemoryFirewall } from './memory-firewall.ts';
import { createMemoryRouting, type MemoryRouting } from './memory-routing.ts';

/** Whatever a test may turn. */
export interface HostKnobs {
	/** Before each commit of rules, which it may hold up or fail. */
	onCommit: (family: Family) => void | Promise<void>;
	/** Before each read of rules, which it may hold up or fail. */
	onRead: (dialect: IptablesDialect) => void | Promise<void>;
	/** Before each change of rule or route, which it may hold up or fail. */
	onRoute: (kind: string) => void | Promise<void>;
	ipv6: Ipv6Fact;
	/** Why there are no sets. */
	setObstacle: string;
	/** By their paths; units are in the slice of the system. */
	readonly cgroups: Map<string, number>;
	/** Why rules cannot tell them apart. */
	cgroupObstacle: Obstacle | undefined;
	listeners: Listener[];
	open: OpenConnection[];
	/** The outgoing interface, by the peer's address. */
	interfaces: Readonly<Record<string, string>>;
	/** Open connections that come through Envoy. */
	redirected: number | Error;
}

export interface MemoryHost extends HostKnobs {
	readonly host: FactualHost;
	readonly nft: MemoryFirewall;
	readonly legacy: MemoryFirewall;
	readonly routing: MemoryRouting;
	readonly connections: Connections;
	/** Something of ours captures. */
	readonly isCapturing: () => boolean;
	/** Something at all bears our names. */
	readonly hasOurs: () => boolean;
}

/** `steps` gets what is done to it, in order. */
export function createMemoryHost(steps: string[]): MemoryHost {
	const knobs: HostKnobs = {
		...{ onCommit: () => undefined, onRead: () => undefined, onRoute: () => undefined },
		ipv6: { hasAddress: false, obstacle: '', hasRules: true },
		...{ setObstacle: '', cgroups: new Map(), cgroupObstacle: undefined },
		...{ listeners: [15000, 15001].map(listener), open: [], interfaces: {}, redirected: 0 },
	};
	const memories = { nft: firewall('iptables-nft'), legacy: firewall('iptables-legacy') };
	const routing = createMemoryRouting(async (step) => {
		await all.onRoute(step.kind);
		steps.push(`${step.kind} ${'rule' in step ? step.rule.family : step.route.family}`);
	});
	const text = () => memories.nft.text() + memories.legacy.text();
	const host: FactualHost = {
		firewalls: [memories.nft, memories.legacy],
		routing,
		facts: {
			kernel: () => ({ hasOnlyCookies: false }),
			ipv6: () => all.ipv6,
			setObstacle: async () => all.setObstacle,
			cgroupObstacle: async () => all.cgroupObstacle,
			cgroups: (units) =>
				units.flatMap((unit) => {
					const path = unit.startsWith('/') ? unit : `/system.slice/${unit}`;
					const id = all.cgroups.get(path);
					return id === undefined ? [] : [{ unit, path, id }];
				}),
			listeners: async () => all.listeners,
			chooseBackend: async () => ({ name: 'iptables-nft', why: 'it is what there is' }),
		},
		using: () => host,
	};
	const all: MemoryHost = Object.assign(knobs, {
		...{ ...memories, host, routing, connections: createConnections(steps, () => all) },
		isCapturing: () => / -j APPMESH_EGRESS/.test(text()),
		hasOurs: () => text().includes('APPMESH_') || routing.held.rules.length + routing.held.routes.length > 0,
	});
	return all;

	function firewall(dialect: IptablesDialect): MemoryFirewall {
		const memory = createMemoryIptables({
			dialect,
			cgroups: knobs.cgroups,
			afterCommit: (family) => steps.push(`commit ${family}`),
		});
		const program = {
			...memory,
			async read(family: Family) {
				await all.onRead(dialect);
				return memory.read(family, signal);
			},
			async commit(family: Family, document: string) {
				await all.onCommit(family);
				await memory.commit(family, document, signal);
			},
		};
		const { edit, commits, text } = memory;
		return { ...createIptablesFirewall(program), program, edit, commits, text };
	}
}

const signal = new AbortController().signal;

export const listener = (port: number): Listener => ({
	...{ family: 'ipv4', address: '0.0.0.0', port, isIpv6Only: false, isTransparent: false, uid: 1337 },
	owner: () => 'envoy',
});

/** A connection that this host has opened, as somebody who is captured. */
export const openTo = (address: string, port = 443): OpenConnection => ({
	...{ family: 'ipv4', local: { address: '192.0.2.1', port: 40000 }, remote: { address, port } },
	...{
		isAccepted: false,
		isHostLocal: false,
		isTransparent: false,
		uid: 1000,
		inode: '1',
		cgroup: 1,
		cookie: `${address}:${port}`,
	},
	handle: new Uint8Array(),
});

function createConnections(steps: string[], knobs: () => HostKnobs): Connections {
	return {
		open: async () => knobs().open,
		filterOpen: async (cookies) => new Set(knobs().open.flatMap(({ cookie }) => (cookies.has(cookie) ? [cookie] : []))),
		findRedirected: async () => new Set(),
		track: async (all) => void steps.push(`track ${all.length}`),
		async details(_, asked) {
			const interfaceOf = ({ remote }: OpenConnection) =>
				asked.interfaces ? knobs().interfaces[remote.address] : undefined;
			const cgroupsOf = ({ cgroup }: OpenConnection) => asked.cgroups.map(({ id }) => id).filter((id) => id === cgroup);
			return { groupOf: () => undefined, cgroupsOf, interfaceOf };
		},
		async end(all) {
			steps.push(`end ${all.length}`);
			return all.length;
		},
	};
}

// The admin interfaces and the listeners of Envoys in memory.
import type { Listener } from '../../src/connections/connections.ts';
import type { ProxyAdmin } from '../../src/envoy/runtime.ts';
import type { MemoryProxies } from './memory-proxy.ts';

/** What one of them answers, as a test has it. */
export interface AdminState {
	state: string;
	ports: readonly number[];
	connections: number;
	isSilent: boolean;
	/** Its listeners are closed but that of the admin port; it still lists all of them. */
	hasClosed: boolean;
	/** Closes each connection at once that a health check keeps open. */
	isUnkept: boolean;
	/** Ports whose listeners lose the original destination. */
	blind: readonly number[];
}

export interface MemoryAdmins {
	/** By instance. */
	readonly states: ReadonlyMap<string, AdminState>;
	readonly stateOf: (instance: string) => AdminState;
	readonly adminOf: (world: MemoryProxies, instance: string) => ProxyAdmin;
	readonly listeners: (world: MemoryProxies) => readonly Listener[];
	/** Closes the connections that health checks keep open, as an Envoy does that ends. */
	readonly closeConnections: () => void;
	/** The ids of the Envoys to which one was opened, and to which the supervisor has closed it itself. */
	readonly kept: { readonly opened: readonly string[]; readonly ended: readonly string[] };
}

export interface AdminHooks {
	/** Called before it answers where it listens: the last thing that a start waits for. */
	readonly onAsk?: (id: string) => Promise<void>;
	readonly onDrain: (how: 'graceful' | 'at-once', id: string) => void;
}

export function createMemoryAdmins({ onAsk, onDrain }: AdminHooks): MemoryAdmins {
	const states = new Map<string, AdminState>();
	const connections = new Set<() => void>();
	const kept = { opened: [] as string[], ended: [] as string[] };
	const stateOf = (instance: string): AdminState => {
		const state = states.get(instance) ?? initialState();
		states.set(instance, state);
		return state;
	};
	const adminOf = (world: MemoryProxies, instance: string): ProxyAdmin => {
		const proxy = world.instances().find((one) => one.instance === instance);
		const id = proxy?.id ?? '';
		const ask = <T>(answer: (state: AdminState) => T): T | undefined => {
			// Its program has not begun yet where there is no state.
			const state = states.get(instance);
			return state === undefined || state.isSilent || proxy?.isRunning !== true ? undefined : answer(state);
		};
		return {
			info: async () => ask(({ state }) => ({ state, version: '1.40.0' })),
			async listeners() {
				await onAsk?.(id);
				return ask(({ ports }) => ports.map((port) => ({ address: '0.0.0.0', port })));
			},
			blind: async () => ask(({ blind }) => blind) ?? [],
			connections: async () => ask((state) => state.connections),
			counters: async () => ask(() => new Map<string, number>()),
			async closed(signal) {
				const { promise, resolve } = Promise.withResolvers<void>();
				kept.opened.push(id);
				if (stateOf(instance).isUnkept) return;
				connections.add(resolve);
				signal.addEventListener('abort', () => void kept.ended.push(id), { once: true });
				await Promise.race([promise, proxy?.exit.promise]);
			},
			async drain(how) {
				onDrain(how, id);
				ask((state) => Object.assign(state, { hasClosed: how === 'at-once' }));
			},
		};
	};
	return {
		...{ states, stateOf, adminOf, kept },
		listeners: (world) => world.running().flatMap(({ instance }) => listenersOf(stateOf(instance))),
		closeConnections() {
			for (const close of connections) close();
			connections.clear();
		},
	};
}

const initialState = (): AdminState => ({
	...{ state: 'LIVE', ports: [15001], connections: 0, isSilent: false, hasClosed: false, isUnkept: false, blind: [] },
});

const listenersOf = ({ ports, hasClosed }: AdminState): Listener[] =>
	ports.filter((port) => !hasClosed || port === 9901).map((port) => listenerOf(port, 1337, 'envoy'));

export const listenerOf = (port: number, uid: number, owner: string): Listener => ({
	...{ family: 'ipv4', address: '0.0.0.0', isIpv6Only: false, isTransparent: false, port, uid, owner: () => owner },
});

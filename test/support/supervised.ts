// A supervisor of Envoys in memory: a test decides when each is LIVE, where it listens and how it ends.

import assert from 'node:assert/strict';
import type { Listener } from '../../src/connections/connections.ts';
import type { SupervisionHistory } from '../../src/envoy/lifecycle.ts';
import type { ListenerHandover, ProxyAdmin, ProxySpec } from '../../src/envoy/runtime.ts';
import type { EnvoySpec } from '../../src/envoy/spec.ts';
import { createSupervisor, type Supervisor } from '../../src/envoy/supervisor.ts';
import type { SupervisorDependencies } from '../../src/envoy/supervisor-state.ts';
import { createMemoryProxies, type MemoryOptions, type MemoryProxies, type Program } from './memory-proxy.ts';
import { unasked } from './proxy-spec.ts';

/** What one of them answers on its admin interface. */
export interface AdminState {
	state: string;
	ports: readonly number[];
	connections: number;
	isSilent: boolean;
	/** Its listeners are closed; it still lists them. */
	hasClosed: boolean;
	/** Ports whose listeners lose the original destination. */
	blind: readonly number[];
}

/** Disposing it stops every supervisor; no Envoy may be left then. */
export interface Supervised extends AsyncDisposable {
	readonly world: MemoryProxies;
	readonly supervisor: Supervisor;
	/** That of the next daemon on the same host. */
	readonly next: () => Supervisor;
	/** By instance. */
	readonly admins: ReadonlyMap<string, AdminState>;
	/** In order: changes of the state, and what was done to Envoys by their ids. */
	readonly events: string[];
	readonly histories: SupervisionHistory[];
	/** The ports of each hand-over, and those that have ended. */
	readonly handedOver: (readonly number[])[];
	readonly endedHandOvers: (readonly number[])[];
	/** The files of each call. */
	readonly bootstraps: { readonly written: ProxySpec['files'][]; readonly kept: ProxySpec['files'][] };
	readonly output: string[];
}

export interface Options extends Partial<Omit<MemoryOptions, 'programs'>> {
	/** By command; `envoy` is LIVE at once and ends with code 0 on SIGTERM. */
	readonly programs?: Readonly<Record<string, (admin: AdminState) => Program>>;
	/** Called before it answers where it listens: the last thing that a start waits for. */
	readonly onAsk?: () => Promise<void>;
	readonly countRedirected?: (ports: readonly number[]) => Promise<number>;
	/** Of other programs; a test may change it. */
	readonly listeners?: readonly Listener[];
}

const spec: ProxySpec = {
	...{ image: 'envoy:1', pull: 'missing', command: 'envoy', args: [], env: {}, uid: 1337, gid: 1337, files: {} },
	...unasked,
};

export const envoySpecOf = (part: Partial<EnvoySpec> = {}, ofSpec: Partial<ProxySpec> = {}): EnvoySpec => ({
	...{ spec: { ...spec, ...ofSpec }, ports: { egressPort: 15001, 'envoy.adminPort': 9901 } },
	lanes: [{ key: 'egressPort', port: part.ports?.['egressPort'] ?? 15001, from: ['this host'] }],
	families: ['ipv4'],
	...{ startSeconds: 20, drainSeconds: 0.4, stableSeconds: 60 },
	...{ healthSeconds: 0.02, healthTimeoutSeconds: 1, healthRetries: 3, ...part },
});

/** Runs until SIGTERM. */
export const untilTerminated: Program = ({ terminated }) => terminated.then(() => 0);

export function supervise(options: Options = {}): Supervised {
	const {
		programs = {},
		countRedirected = async () => 0,
		listeners = [],
		onAsk = async () => undefined,
		...hooks
	} = options;
	const admins = new Map<string, AdminState>();
	const events: string[] = [];
	const histories: SupervisionHistory[] = [];
	const handedOver: (readonly number[])[] = [];
	const endedHandOvers: (readonly number[])[] = [];
	const bootstraps: Supervised['bootstraps'] = { written: [], kept: [] };
	const output: string[] = [];
	const known: NonNullable<Options['programs']> = { envoy: () => untilTerminated, ...programs };
	const world = createMemoryProxies({
		programs: Object.fromEntries(
			Object.entries(known).map(([name, program]) => [name, (run) => program(stateOf(admins, run.instance))(run)]),
		),
		...hooks,
	});
	const idOf = (instance: string) => world.instances().find((body) => body.instance === instance)?.id;
	const supervisors: Supervisor[] = [];
	const next = (): Supervisor => {
		const supervisor = createSupervisor({
			runtime: world.runtime(),
			adminSocket: (instance) => `/run/${instance}`,
			admin: (_, { instance }) => {
				const admin = adminOf(world, admins, instance, (what) => events.push(`${what} ${idOf(instance)}`));
				return { ...admin, listeners: (signal) => onAsk().then(() => admin.listeners(signal)) };
			},
			listeners: async () => [...listeners, ...world.running().flatMap((body) => listening(admins, body.instance))],
			countRedirected,
			async handOver(ports): Promise<ListenerHandover> {
				handedOver.push(ports);
				return { closeFormer: (tell) => tell(), end: () => void endedHandOvers.push(ports) };
			},
			bootstraps: {
				write: (files) => void bootstraps.written.push(files),
				keepOnly: (files) => void bootstraps.kept.push(files),
			},
			onOutput: (line) => void output.push(line),
			onChange(history, before) {
				histories.push(history);
				if (history.state.kind !== before.state.kind) events.push(wordsOf(history));
			},
		} satisfies SupervisorDependencies);
		supervisors.push(supervisor);
		return supervisor;
	};
	const end = async (): Promise<void> => {
		await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
		assert.deepEqual(world.running(), [], 'nothing is left');
	};
	const records = { admins, events, histories, handedOver, endedHandOvers, bootstraps, output };
	const all = { world, supervisor: next(), next, ...records };
	return { ...all, [Symbol.asyncDispose]: end };
}

function wordsOf({ state }: SupervisionHistory): string {
	return 'id' in state ? `${state.kind} ${state.id}` : state.kind;
}

function stateOf(admins: Map<string, AdminState>, instance: string): AdminState {
	const admin = admins.get(instance) ?? {
		state: 'LIVE',
		ports: [15001],
		connections: 0,
		isSilent: false,
		hasClosed: false,
		blind: [],
	};
	admins.set(instance, admin);
	return admin;
}

function listening(admins: Map<string, AdminState>, instance: string): Listener[] {
	const { ports, hasClosed } = stateOf(admins, instance);
	const everywhere = { family: 'ipv4', address: '0.0.0.0', isIpv6Only: false } as const;
	return (hasClosed ? [] : ports).map((port) => ({ ...everywhere, port, uid: 1337, owner: () => 'envoy' }));
}

function adminOf(
	world: MemoryProxies,
	admins: Map<string, AdminState>,
	instance: string,
	onDone: (what: string) => void,
): ProxyAdmin {
	const ask = <T>(answer: (admin: AdminState) => T): T | undefined => {
		const admin = admins.get(instance);
		const isThere = world.running().some((body) => body.instance === instance);
		return admin === undefined || admin.isSilent || !isThere ? undefined : answer(admin);
	};
	return {
		info: async () => ask(({ state }) => ({ state, version: '1.40.0' })),
		listeners: async () => ask(({ ports }) => ports.map((port) => ({ address: '0.0.0.0', port }))),
		blind: async () => ask(({ blind }) => blind) ?? [],
		connections: async () => ask(({ connections }) => connections),
		closed: async () => {
			await world.instances().find((body) => body.instance === instance)?.exit.promise;
		},
		async drain(how) {
			onDone(`drain ${how}`);
			ask((admin) => Object.assign(admin, { hasClosed: how === 'at-once' }));
		},
	};
}

/** For a start that adopts nothing. */
export const noTakeOver = async (): Promise<void> => undefined;

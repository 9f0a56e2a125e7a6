// A supervisor of Envoys in memory: a test decides when each is LIVE, where it listens and how it ends.

import assert from 'node:assert/strict';
import type { Listener } from '../../src/connections/connections.ts';
import type { SupervisionHistory } from '../../src/envoy/lifecycle.ts';
import type { ListenerHandover, ProxySpec } from '../../src/envoy/runtime.ts';
import type { EnvoySpec } from '../../src/envoy/spec.ts';
import { createSupervisor, type Supervisor } from '../../src/envoy/supervisor.ts';
import type { SupervisorDependencies } from '../../src/envoy/supervisor-state.ts';
import { type AdminHooks, type AdminState, createMemoryAdmins, type MemoryAdmins } from './memory-admin.ts';
import { createMemoryProxies, type MemoryOptions, type MemoryProxies, type Program } from './memory-proxy.ts';
import { unasked } from './proxy-spec.ts';

/** Disposing it stops every supervisor; no Envoy may be left then. */
export interface Supervised extends AsyncDisposable, Records {
	readonly world: MemoryProxies;
	readonly supervisor: Supervisor;
	/** That of the next daemon on the same host. */
	readonly next: () => Supervisor;
	/** By instance. */
	readonly admins: ReadonlyMap<string, AdminState>;
	readonly closeConnections: MemoryAdmins['closeConnections'];
	readonly kept: MemoryAdmins['kept'];
}

interface Records {
	/** In order: changes of the state, and what was done to Envoys by their ids. */
	readonly events: string[];
	readonly histories: SupervisionHistory[];
	/** The ports of each hand-over, and of those that have ended. */
	readonly handedOver: (readonly number[])[];
	readonly endedHandOvers: (readonly number[])[];
	/** The files of each call. */
	readonly bootstraps: { readonly written: ProxySpec['files'][]; readonly kept: ProxySpec['files'][] };
	readonly output: string[];
}

export interface Options extends Partial<Omit<MemoryOptions, 'programs'>>, Pick<AdminHooks, 'onAsk'> {
	/** By command; `envoy` is LIVE at once and ends with code 0 on SIGTERM. */
	readonly programs?: Readonly<Record<string, (admin: AdminState) => Program>>;
	readonly countRedirected?: SupervisorDependencies['countRedirected'];
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
	const { programs = {}, countRedirected, listeners, onAsk, ...hooks } = options;
	const records = createRecords();
	const admins = createMemoryAdmins({
		...(onAsk === undefined ? {} : { onAsk }),
		onDrain: (how, id) => records.events.push(`drain ${how} ${id}`),
	});
	const known: NonNullable<Options['programs']> = { envoy: () => untilTerminated, ...programs };
	const world = createMemoryProxies({
		programs: Object.fromEntries(
			Object.entries(known).map(([name, program]) => [name, (run) => program(admins.stateOf(run.instance))(run)]),
		),
		...hooks,
	});
	const supervisors: Supervisor[] = [];
	const next = (): Supervisor => {
		const supervisor = createSupervisor(dependencies(world, admins, records, options));
		supervisors.push(supervisor);
		return supervisor;
	};
	const end = async (): Promise<void> => {
		await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
		assert.deepEqual(world.running(), [], 'nothing is left');
	};
	const { states, closeConnections, kept } = admins;
	const all = { world, supervisor: next(), next, admins: states, closeConnections, kept, ...records };
	return { ...all, [Symbol.asyncDispose]: end };
}

const createRecords = (): Records => ({
	...{ events: [], histories: [], handedOver: [], endedHandOvers: [], output: [] },
	bootstraps: { written: [], kept: [] },
});

const dependencies = (
	world: MemoryProxies,
	admins: MemoryAdmins,
	records: Records,
	{ countRedirected = async () => 0, listeners = [] }: Options,
): Parameters<typeof createSupervisor>[0] => ({
	runtime: world.runtime(),
	adminSocket: (instance) => `/run/${instance}`,
	admin: (_, { instance }) => admins.adminOf(world, instance),
	listeners: async () => [...listeners, ...admins.listeners(world)],
	countRedirected,
	async handOver(ports): Promise<ListenerHandover> {
		records.handedOver.push(ports);
		return { closeFormer: (tell) => tell(), end: () => void records.endedHandOvers.push(ports) };
	},
	bootstraps: {
		write: (files) => void records.bootstraps.written.push(files),
		keepOnly: (files) => void records.bootstraps.kept.push(files),
	},
	onOutput: (line) => void records.output.push(line),
	onChange(history, before) {
		records.histories.push(history);
		if (history.state.kind !== before.state.kind) records.events.push(wordsOf(history));
	},
});

function wordsOf({ state }: SupervisionHistory): string {
	return 'id' in state ? `${state.kind} ${state.id}` : state.kind;
}

/** For a start that adopts nothing. */
export const noTakeOver = async (): Promise<void> => undefined;

// Supervision of Envoys that are functions: each is LIVE when it is told to be, listens where it is told to, and ends so.

import assert from 'node:assert/strict';
import type { Listener } from '../../src/connections/connections.ts';
import type { SupervisionHistory } from '../../src/envoy/lifecycle.ts';
import type { ListenerHandover, ProxyAdmin, ProxySpec } from '../../src/envoy/runtime.ts';
import type { EnvoySpec } from '../../src/envoy/spec.ts';
import { createSupervisor, type Supervisor } from '../../src/envoy/supervisor.ts';
import type { SupervisorDependencies } from '../../src/envoy/supervisor-state.ts';
import { createMemoryProxies, type MemoryOptions, type MemoryProxies, type Program } from './memory-proxy.ts';
import { unasked } from './proxy-spec.ts';

/** What one of them says on its admin interface. */
export interface Saying {
	state: string;
	ports: readonly number[];
	connections: number;
	isSilent: boolean;
	/** Its listeners are closed; it goes on to name them. */
	hasLetGo: boolean;
}

/** Disposed of, all of it ends, and nothing may be left. */
export interface Supervised extends AsyncDisposable {
	readonly world: MemoryProxies;
	readonly supervisor: Supervisor;
	/** Of the next daemon on the same host. */
	readonly next: () => Supervisor;
	/** By instance. */
	readonly sayings: ReadonlyMap<string, Saying>;
	/** What happened, in order: the turns of its life, and what was done to Envoys by their ids. */
	readonly told: string[];
	readonly histories: SupervisionHistory[];
	/** The ports of each hand-over. */
	readonly handedOver: (readonly number[])[];
}

export interface Options extends Partial<Pick<MemoryOptions, 'onPrepare' | 'onStart'>> {
	/** By command; `envoy` is LIVE at once and ends with code 0 when it is told to. */
	readonly programs?: Readonly<Record<string, (saying: Saying) => Program>>;
	/** Before it says where it listens: the last thing that a start waits for. */
	readonly onAsk?: () => Promise<void>;
	readonly countRedirected?: (ports: readonly number[]) => Promise<number>;
	/** Of others. */
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

/** Runs until it is told to end. */
export const untilTold: Program = ({ terminated }) => terminated.then(() => 0);

export function supervise(options: Options = {}): Supervised {
	const {
		programs = {},
		countRedirected = async () => 0,
		listeners = [],
		onPrepare,
		onStart,
		onAsk = async () => undefined,
	} = options;
	const sayings = new Map<string, Saying>();
	const told: string[] = [];
	const histories: SupervisionHistory[] = [];
	const handedOver: (readonly number[])[] = [];
	const known: NonNullable<Options['programs']> = { envoy: () => untilTold, ...programs };
	const world = createMemoryProxies({
		programs: Object.fromEntries(
			Object.entries(known).map(([name, program]) => [name, (run) => program(sayingOf(sayings, run.instance))(run)]),
		),
		...(onPrepare === undefined ? {} : { onPrepare }),
		...(onStart === undefined ? {} : { onStart }),
	});
	const idOf = (instance: string) => world.bodies().find((body) => body.instance === instance)?.id;
	const supervisors: Supervisor[] = [];
	const next = (): Supervisor => {
		const supervisor = createSupervisor({
			runtime: world.runtime(),
			adminSocket: (instance) => `/run/${instance}`,
			admin: (_, { instance }) => {
				const admin = adminOf(world, sayings, instance, (what) => told.push(`${what} ${idOf(instance)}`));
				return { ...admin, listeners: (signal) => onAsk().then(() => admin.listeners(signal)) };
			},
			listeners: async () => [...listeners, ...world.running().flatMap((body) => listening(sayings, body.instance))],
			countRedirected,
			async handOver(ports): Promise<ListenerHandover> {
				handedOver.push(ports);
				return { closeFormer: (tell) => tell(), end: () => undefined };
			},
			bootstraps: { write: () => undefined, keepOnly: () => undefined },
			onOutput: () => undefined,
			onChange(history, before) {
				histories.push(history);
				if (history.state.kind !== before.state.kind) told.push(wordsOf(history));
			},
		} satisfies SupervisorDependencies);
		supervisors.push(supervisor);
		return supervisor;
	};
	const end = async (): Promise<void> => {
		await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
		assert.deepEqual(world.running(), [], 'nothing is left');
	};
	const all = { world, supervisor: next(), next, sayings, told, histories, handedOver };
	return { ...all, [Symbol.asyncDispose]: end };
}

function wordsOf({ state }: SupervisionHistory): string {
	return 'id' in state ? `${state.kind} ${state.id}` : state.kind;
}

function sayingOf(sayings: Map<string, Saying>, instance: string): Saying {
	const saying = sayings.get(instance) ?? {
		state: 'LIVE',
		ports: [15001],
		connections: 0,
		isSilent: false,
		hasLetGo: false,
	};
	sayings.set(instance, saying);
	return saying;
}

function listening(sayings: Map<string, Saying>, instance: string): Listener[] {
	const { ports, hasLetGo } = sayingOf(sayings, instance);
	const everywhere = { family: 'ipv4', address: '0.0.0.0', isIpv6Only: false } as const;
	return (hasLetGo ? [] : ports).map((port) => ({ ...everywhere, port, uid: 1337, owner: () => 'envoy' }));
}

function adminOf(
	world: MemoryProxies,
	sayings: Map<string, Saying>,
	instance: string,
	onDone: (what: string) => void,
): ProxyAdmin {
	const ask = <T>(answer: (saying: Saying) => T): T | undefined => {
		const saying = sayings.get(instance);
		const isThere = world.running().some((body) => body.instance === instance);
		return saying === undefined || saying.isSilent || !isThere ? undefined : answer(saying);
	};
	return {
		info: async () => ask(({ state }) => ({ state, version: '1.40.0' })),
		listeners: async () => ask(({ ports }) => ports.map((port) => ({ address: '0.0.0.0', port }))),
		blind: async () => [],
		connections: async () => ask(({ connections }) => connections),
		closed: async () => {
			await world.bodies().find((body) => body.instance === instance)?.exit.promise;
		},
		async drain(how) {
			onDone(`drain ${how}`);
			ask((saying) => Object.assign(saying, { hasLetGo: how === 'at-once' }));
		},
	};
}

/** For a start that finds nobody to take over from. */
export const noTakeOver = async (): Promise<void> => undefined;

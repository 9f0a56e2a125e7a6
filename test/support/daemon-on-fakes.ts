// A daemon whose host, Envoy, disk, timers and clock are all in memory.
import type { Loaded } from '../../src/config/merge-sources.ts';
import { resolveCapture } from '../../src/config/resolve-ids.ts';
import type { ChangeEvent, ChangeHandlers } from '../../src/daemon/change-monitor.ts';
import { createDaemon, type Daemon } from '../../src/daemon/daemon.ts';
import type { DaemonContext } from '../../src/daemon/daemon-context.ts';
import type { DaemonDependencies } from '../../src/daemon/dependencies.ts';
import { createPersistentState } from '../../src/daemon/persisted-state.ts';
import type { State } from '../../src/daemon/stores.ts';
import type { Recognised } from '../../src/firewall/foreign/recognise.ts';
import type { Fields } from '../../src/lib/log-event.ts';
import type { Methods } from '../../src/localapi/protocol.ts';
import { resolveHostContext } from '../../src/reconcile/host-context.ts';
import type { Fact } from '../../src/status/conditions.ts';
import { type Counters, createCounters } from '../../src/status/counters.ts';
import { trackingFact } from '../../src/status/tracking-condition.ts';
import { createFakeClock, type FakeClock, settled } from './fake-clock.ts';
import { createFakeEnvoy, type FakeEnvoy } from './fake-envoy.ts';
import { createMemoryHost, type MemoryHost } from './memory-host.ts';
import { createMemoryStores, type MemoryStores } from './memory-stores.ts';
import { readLayers } from './setting-samples.ts';
import { envoySpecOf } from './supervised.ts';

const signal = AbortSignal.timeout(600_000);

/** All that is there before a daemon is, and after. */
export interface World {
	readonly clock: FakeClock;
	readonly host: MemoryHost;
	readonly envoy: FakeEnvoy;
	readonly stores: MemoryStores;
	/** What was done to all of these, in order. */
	readonly steps: string[];
	/** YAML, as the settings are read at the start and at a reload. */
	settings: string;
	/** Another turnout runs here. */
	hasNeighbour: boolean;
	/** Programs that are known to rewrite rules. */
	ruleManagers: readonly string[];
	/** Others that have come before our chains, until the next look. */
	overtaking: string[];
	/** Who else has rules. */
	others: readonly Recognised[];
	/** What others' rules mean for ours. */
	orderFacts: readonly Fact[];
	/** Processor time that a look at the rules takes. */
	lookCostMs: number;
	/** The monitor of changes works. */
	isWatching: boolean;
	/** Of each event that was logged, the last time. */
	readonly fields: Map<string, Fields>;
	/** Where Envoy is configured from a mesh. */
	mesh: DaemonDependencies['mesh'];
	onDropStale: () => void | Promise<void>;
	onDropRedirected: () => void;
}

export interface Options {
	/** Of all there is by now; another one where it is left away. */
	readonly world?: World;
	/** More settings, as YAML. */
	readonly settings?: string;
	/** What a former daemon has written. */
	readonly state?: State;
	readonly onWorld?: (world: World) => void;
	/** Without it, the start is waited for. */
	readonly isStarting?: boolean;
}

type Ask = {
	readonly [M in keyof Methods]: (request?: Methods[M]['request']) => Promise<Methods[M]['reply']>;
};

export interface DaemonOnFakes extends AsyncDisposable {
	readonly world: World;
	readonly daemon: Daemon;
	readonly ask: Ask;
	/** Rejects where the start fails. */
	readonly starting: Promise<void>;
	/** Told to end, as SIGTERM does. */
	readonly stop: () => Promise<void>;
	/** The events of the log, with the level in front of those that are more than informational. */
	readonly logged: string[];
	readonly counters: Counters;
	/** Somebody changes something on the host, which is told. */
	readonly changed: (change?: Partial<ChangeEvent>) => void;
	readonly lost: ChangeHandlers['onLost'];
	/** The next daemon on the same host. */
	readonly next: (options?: Options) => Promise<DaemonOnFakes>;
}

const SETTINGS = 'appPorts: 8080\nenvoy:\n  runtime: docker\n  image: envoy:1\n';

export function createWorld({ settings = '', state = {} }: Options = {}): World {
	const steps: string[] = [];
	return {
		...{ clock: createFakeClock(), steps, settings: SETTINGS + settings },
		...{ host: createMemoryHost(steps), envoy: createFakeEnvoy(steps), stores: createMemoryStores(steps, state) },
		...{
			hasNeighbour: false,
			ruleManagers: [],
			overtaking: [],
			others: [],
			orderFacts: [],
			lookCostMs: 0,
			isWatching: true,
		},
		...{ fields: new Map(), mesh: undefined, onDropStale: () => undefined, onDropRedirected: () => undefined },
	};
}

export async function startDaemonOnFakes(options: Options = {}): Promise<DaemonOnFakes> {
	const world = options.world ?? createWorld(options);
	options.onWorld?.(world);
	const heard: { handlers?: ChangeHandlers } = {};
	const logged: string[] = [];
	const deps = await dependenciesOf(world, heard, logged);
	const daemon = createDaemon(deps);
	world.envoy.onChange = daemon.onLife;
	const ending = new AbortController();
	daemon.watch(ending.signal);
	const starting = daemon.start(ending.signal);
	starting.catch(() => undefined);
	if (options.isStarting === true) await settled();
	else await starting;
	const stop = async () => {
		ending.abort();
		await starting.catch(() => undefined);
		await daemon.stop();
	};
	return {
		...{ world, daemon, starting, stop, logged, counters: deps.counters, ask: askerOf(daemon) },
		changed: (change: Partial<ChangeEvent> = {}) =>
			heard.handlers?.onChange({ subject: 'ipv4 rules', by: 'iptables', isOwn: false, ...change }),
		lost: (of: 'rules' | 'routes') => heard.handlers?.onLost(of),
		next: (more: Options = {}) => startDaemonOnFakes({ ...more, world }),
		[Symbol.asyncDispose]: async () => ending.abort(),
	};
}

function askerOf({ handlers }: Daemon): Ask {
	const { status, raw, enable, confirm, revert, disable, reload, update, diff, config, explain } = handlers;
	return {
		status: (request = {}) => status(request, signal),
		raw: (request = {}) => raw(request, signal),
		enable: (request = {}) => enable(request, signal),
		confirm: (request = {}) => confirm(request, signal),
		revert: (request = {}) => revert(request, signal),
		disable: (request = {}) => disable(request, signal),
		reload: (request = {}) => reload(request, signal),
		update: (request = {}) => update(request, signal),
		diff: (request = {}) => diff(request, signal),
		config: (request = {}) => config(request, signal),
		explain: (request = {}) => explain(request, signal),
	};
}

async function dependenciesOf(
	world: World,
	heard: { handlers?: ChangeHandlers },
	logged: string[],
): Promise<DaemonDependencies> {
	const { clock, host, envoy, stores, steps } = world;
	const log: DaemonDependencies['log'] = (level, event, fields = {}) => {
		logged.push(level === 'info' ? event : `${level}: ${event}`);
		world.fields.set(event, fields);
	};
	const read = () => readLayers({ file: world.settings });
	const loaded = read();
	const resolve = async (of: Loaded): Promise<DaemonContext> => {
		const capture = await resolveCapture(of, async (ids) => ids.map((id) => ('name' in id ? id.name : id)));
		return resolveHostContext(host.host, { ...of, capture }, undefined, signal);
	};
	let spentMs = 0;
	return {
		...{ loaded, clock, log, counters: createCounters(), context: await resolve(loaded) },
		...{ stateFile: createPersistentState(stores.stateStore, log), connections: host.connections },
		...{ confirmationFile: stores.confirmationFile, rollbackTimer: stores.rollbackTimer },
		mesh: world.mesh,
		proxy: loaded.config.envoy.runtime === 'none' ? undefined : envoy.supervisor,
		envoySpecOf: ({ config }, _, image = config.envoy.image) => envoySpecOf({}, { image }),
		async countRedirected() {
			if (host.redirected instanceof Error) throw host.redirected;
			return host.redirected;
		},
		watchChanges(_filter, handlers) {
			heard.handlers = handlers;
			return () => world.isWatching;
		},
		watchUnits: () => undefined,
		cpuTimeMs() {
			spentMs += world.lookCostMs;
			return spentMs;
		},
		ruleManagers: () => world.ruleManagers,
		hasNeighbour: () => world.hasNeighbour,
		listeners: async () => host.listeners,
		async dropStaleConntrack() {
			steps.push('stale conntrack dropped');
			await world.onDropStale();
		},
		async dropRedirectedConntrack(ports) {
			world.onDropRedirected();
			steps.push(`conntrack of ${[...ports].join()} dropped`);
		},
		load: async () => read(),
		resolve,
		recall: (written) =>
			readLayers({ flags: Object.fromEntries(Object.entries(written).map(([key, { text }]) => [key, text])) }),
		raw: async () => 'raw',
		explain: async ({ interception = 'unknown' }) => ({ interception, connections: [] }),
		order: {
			inspect: async ({ isOn }) => (isOn ? world.orderFacts : []),
			programs: async () => world.others,
			mayChangeUnseen: () => true,
			prefetch: () => void steps.push("others' rules read"),
			claim: async () => world.overtaking.splice(0),
		},
		inspections: [async ({ desired, isOn }) => [trackingFact(isOn ? desired.limited : undefined)]],
	};
}

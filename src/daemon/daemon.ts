import { imageOf } from '../config/changes.ts';
import type { SupervisionHistory } from '../envoy/lifecycle.ts';
import type { Handlers } from '../localapi/protocol.ts';
import type { Fact } from '../status/conditions.ts';
import { besideAnyOther, onceAlone } from './both-envoys.ts';
import { type Confirmation, createConfirmation } from './confirm.ts';
import { createCore, type DaemonCore } from './core.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { createDrift, type Drift } from './drift.ts';
import { onEnvoyStateChange } from './failure-policy.ts';
import { createHandlers } from './handlers.ts';
import { followPorts } from './reload.ts';
import { appliedOf, isStopping, started, startFailed } from './state.ts';
import { stopDaemon } from './stop.ts';
import { createOthersWatch } from './watch-others.ts';

export interface Daemon {
	readonly handlers: Handlers;
	/** Envoy first, then the rules if they are wanted. */
	start(signal: AbortSignal): Promise<void>;
	/** The rules first, then Envoy. */
	stop(): Promise<void>;
	/** Looks after the host until the signal is aborted. */
	watch(signal: AbortSignal): void;
	/** To be called whenever the state of Envoy changes. */
	onLife(history: SupervisionHistory, before: SupervisionHistory): void;
}

export function createDaemon(deps: DaemonDependencies): Daemon {
	const core = createCore(deps);
	const confirmation = createConfirmation(core);
	const drift = createDrift(core, confirmation);
	return {
		handlers: createHandlers(core, confirmation, drift),
		start: (signal) =>
			start(core, confirmation, signal).catch((error) => {
				if (!signal.aborted) startFailed(core.state);
				throw error;
			}),
		stop: () => stopDaemon(core, confirmation),
		watch: (signal) => watch(core, drift, signal),
		onLife: (history, before) => onEnvoyStateChange(core, history, before),
	};
}

function watch(core: DaemonCore, drift: Drift, signal: AbortSignal): void {
	const { state, deps } = core;
	const routeTable = () =>
		(appliedOf(state)?.target.localRouting ?? { table: state.settings.context.config.routeTable }).table;
	let inspected: ReturnType<typeof appliedOf>;
	const others = createOthersWatch(deps.clock, {
		check() {
			inspected = appliedOf(state);
			return inspectOthers(core);
		},
		onChange: onOthers,
		mayChangeUnseen: () => !isWatching() || appliedOf(state) !== inspected || deps.order.mayChangeUnseen(),
	});
	const handlers = {
		onChange: drift.onChange,
		onCommit: others.touch,
		onLost(of: 'rules' | 'routes') {
			others.touch();
			drift.onLost(of);
		},
	};
	const isWatching = deps.watchChanges({ routeTable }, handlers, signal);
	core.units.run(() => drift.onChange({ subject: 'units', by: '', isOwn: true }), signal);
	void drift.watch(isWatching, signal);
	deps.mesh?.watch(() => state.reloadLock(() => followPorts(core, signal)), signal);
	void others.run(signal);

	function onOthers(why: string): void {
		if (why === '') deps.log('info', "others' rules are no matter any more");
		else deps.log('warn', "others' rules matter", { why });
		drift.onChange({ subject: 'order', by: '', isOwn: false });
	}
}

/** Others' rules matter only while ours are on. */
async function inspectOthers({ state, deps: { order } }: DaemonCore): Promise<readonly Fact[]> {
	const desired = appliedOf(state);
	return desired === undefined ? [] : order.inspect({ context: state.settings.context, desired, isOn: true });
}

async function start(core: DaemonCore, confirmation: Confirmation, signal: AbortSignal): Promise<void> {
	const { state, deps, interception } = core;
	const { proxy, mesh, stateFile, log, counters } = deps;
	await confirmation.resume();
	const { context, loaded } = state.settings;
	// A folder that can never be written is found out before anything is started.
	stateFile.write({ ...stateFile.read(), dialect: context.backend.name });
	mesh?.start();
	const image = imageOf(state.desired, context.config.envoy.image);
	const takeOver = () => applyDesired(core, besideAnyOther);
	await proxy?.start(deps.envoySpecOf(context, loaded, image), takeOver, signal);
	await applyDesired(core, proxy?.alone() === undefined ? undefined : besideAnyOther);
	await onceAlone(core, { loaded, context });
	if (appliedOf(state)?.target.stage === 'syn') await interception.captureAll();
	counters.add('ruleChanges', 'start');
	log('info', 'ready', { wanted: state.desired.wanted, socket: context.config.socket });
}

const applyDesired = (
	{ state, deps, interception }: DaemonCore,
	during: (context: DaemonContext) => DaemonContext = (context) => context,
): Promise<void> =>
	state.ruleLock(async () => {
		if (isStopping(state)) return;
		const context = during(state.settings.context);
		if (state.desired.wanted === 'enabled') await interception.apply(context);
		else if (!(await belongsToOthers(deps))) await interception.remove('off');
		state.settings = { ...state.settings, context };
		started(state);
	});

/** What bears our names may belong to another turnout that runs here, or to the 2019 script: whoever started it relies on it. */
async function belongsToOthers({ hasNeighbour, order, log }: DaemonDependencies): Promise<boolean> {
	if (hasNeighbour()) return true;
	const known = await order.programs().catch(() => []);
	const predecessor = known.find(({ program }) => program.isPredecessor === true)?.program.name;
	if (predecessor !== undefined) log('warn', 'rules of a predecessor are left as they are', { whose: predecessor });
	return predecessor !== undefined;
}

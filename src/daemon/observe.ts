import type { Listener } from '../connections/connections.ts';
import { listenerProblem } from '../connections/listener-problem.ts';
import { type EnvoyState, type Instance, type ServerInfo, troubleOf } from '../envoy/lifecycle.ts';
import type { Supervisor } from '../envoy/supervisor.ts';
import type { Recognised } from '../firewall/foreign/recognise.ts';
import { timeOf } from '../lib/clock.ts';
import type { DiffReply } from '../localapi/protocol.ts';
import { inspect } from '../reconcile/inspect.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import { whyLeftOut } from '../routing/taken.ts';
import type { Capture } from '../ruleset/capture.ts';
import { unitsOf } from '../ruleset/exclusions.ts';
import { withCause } from '../status/captured-pull.ts';
import { keepSince } from '../status/conditions.ts';
import type { RuleTotals } from '../status/rule-totals.ts';
import { factsOf, type Observation, overallState } from '../status/summarize.ts';
import type { Condition, EnvoyStatus, Repairs, Status, Wanted } from '../status/types.ts';
import type { Unit } from '../values/unit-name.ts';
import { families } from '../values/units.ts';
import { version } from '../version.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { ReadBack } from './reconciler.ts';
import type { Trouble } from './repair-log.ts';
import type { PendingConfirmation } from './stores.ts';

/** What the daemon knows by itself. */
export interface StatusInput {
	readonly context: DaemonContext;
	readonly wanted: Wanted;
	readonly since: string;
	readonly desired: DesiredState;
	readonly isLifted: boolean;
	readonly isStarting: boolean;
	readonly repairs: Repairs;
	readonly driftProblem: Trouble | undefined;
	readonly pending: PendingConfirmation | undefined;
	readonly unconfirmed: readonly string[];
	readonly rollbackProblem: string | undefined;
}

/** `bypassing`: see Status; `lastRead`: what the kernel held a moment ago, right after a change of ours. */
export type Observe = (input: StatusInput, bypassing: number, lastRead?: ReadBack) => Promise<Observed>;

export interface Observed {
	readonly status: Status;
	readonly diff: DiffReply;
}

const INSPECT_TIMEOUT_MS = 10_000;

type Observing = Pick<
	DaemonDependencies,
	'proxy' | 'mesh' | 'listeners' | 'stateFile' | 'confirmationFile' | 'inspections' | 'clock' | 'order'
>;

/** Reads the host each time it is asked: nothing is believed that can be read back. */
export function createObserver(deps: Observing, ruleTotals: RuleTotals): Observe {
	const { proxy, listeners, inspections, clock } = deps;
	let conditions: readonly Condition[] = [];
	return async (input, bypassing, lastRead) => {
		const { context, desired } = input;
		const isOn = input.wanted === 'enabled' && !input.isLifted;
		const [{ installed, ...seen }, { envoy, ...problems }, known, findings] = await Promise.all([
			inspectRules(input, isOn, lastRead),
			envoyOf(input, proxy, listeners),
			// What cannot be read of others is left out.
			deps.order.programs().catch(() => []),
			Promise.all(inspections.map((inspect) => inspect({ context, desired, isOn }))),
		]);
		// Ours have replaced theirs, while what was read of others may be older than that.
		const others = isOn ? known.filter(({ program }) => program.isPredecessor !== true) : known;
		const observation: Observation = {
			predecessor: others.find(({ program }) => program.isPredecessor === true)?.program.name,
			...input,
			...seen,
			...problems,
			envoy,
			ipv6BypassReason: input.wanted === 'enabled' ? desired.ipv6BypassReason : '',
			stateTrouble: deps.stateFile.problem(),
			revertWhy: input.rollbackProblem ?? '',
			findings: [...findings.flat(), ...(deps.mesh === undefined ? [] : [deps.mesh.fact()])],
			isWaiting: input.isStarting || (proxy !== undefined && envoy.state !== 'live'),
		};
		conditions = keepSince(conditions, factsOf(observation), timeOf(clock));
		ruleTotals.note(desired.target.dialect, installed.counted(desired.target.stages.all));
		const counters = ruleTotals.read();
		const is = overallState(observation);
		const { differences } = seen;
		return {
			status: { ...statusOf(input, deps, { is, envoy, conditions, others }), counters, bypassing, existing: bypassing },
			diff: { same: differences.length === 0, differences },
		};
	};
}

const statusOf = (
	{ wanted, since, context, desired, repairs, pending }: StatusInput,
	{ confirmationFile, mesh }: Pick<DaemonDependencies, 'confirmationFile' | 'mesh'>,
	{
		is,
		envoy,
		conditions,
		others,
	}: Pick<Status, 'is' | 'envoy' | 'conditions'> & { readonly others: readonly Recognised[] },
) => ({
	...{ version, wanted, is, since, backend: context.backend, families: desired.target.families },
	...{ envoy, ...(mesh === undefined ? {} : { mesh: mesh.status() }), conditions, repairs },
	...shownOthers(others),
	...shownUnits(desired.capture),
	...(pending === undefined ? {} : { confirmUntil: (confirmationFile.read() ?? pending).until }),
});

const shownOthers = (others: readonly Recognised[]): Pick<Status, 'others'> =>
	others.length === 0 ? {} : { others: others.map(({ program: { name, does }, tools }) => ({ name, does, tools })) };

function shownUnits(capture: Capture): Pick<Status, 'units'> {
	const units = unitsOf(capture);
	const isThere = (unit: Unit) => (capture.cgroups ?? []).some((cgroup) => cgroup.unit === unit);
	return units.length === 0 ? {} : { units: units.map((unit) => ({ unit, isThere: isThere(unit) })) };
}

async function inspectRules({ context, desired }: StatusInput, isOn: boolean, lastRead?: ReadBack) {
	const signal = AbortSignal.timeout(INSPECT_TIMEOUT_MS);
	const inspected = await inspect(context.host, desired.target, isOn, signal, lastRead);
	const { installed, isClean, taken, differences: found } = inspected;
	const differences = families.flatMap((family) => found[family].map((difference) => ({ family, ...difference })));
	return { installed, isClean, routesLeftOut: taken === undefined ? undefined : whyLeftOut(taken), differences };
}

interface EnvoyView {
	readonly envoy: EnvoyStatus;
	readonly envoyWhy: string;
	/** Why Docker does not answer; '' while it does, or is not in use. */
	readonly dockerTrouble: string;
}

async function envoyOf(
	input: StatusInput,
	proxy: Supervisor | undefined,
	listeners: () => Promise<readonly Listener[]>,
): Promise<EnvoyView> {
	const { runtime } = input.context.config.envoy;
	const view: EnvoyView =
		proxy === undefined
			? { envoy: { runtime, state: 'unmanaged', restarts: 0 }, envoyWhy: '', dockerTrouble: '' }
			: managed(input, proxy, runtime);
	// Whatever else is wrong with one of ours comes first.
	const isAsked = input.wanted === 'enabled' && view.envoyWhy === '';
	if (!isAsked) return view;
	const { capture } = input.context;
	const listened = { capture, families: input.desired.target.families, isOthers: proxy === undefined };
	return { ...view, envoyWhy: listenerProblem(listened, await listeners()) };
}

function managed(input: StatusInput, { history, problem }: Supervisor, runtime: EnvoyStatus['runtime']): EnvoyView {
	const { state, restarts, lastExit, pull } = history();
	const { kind, ...known } = state;
	const { id, image, since, version, listeners, retryMs } = known as Partial<
		Instance & ServerInfo & { retryMs: number }
	>;
	const shown = {
		...{ version, id, since, listeners, retryMs, pull, lastExit: lastExit || undefined },
		...(runtime === 'docker' ? { container: id, image } : {}),
	};
	const present = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
	const envoyWhy = withCause(whyOf(state), input.wanted === 'enabled' && !input.isLifted && !input.isStarting);
	return { envoy: { runtime, state: kind, restarts, ...present }, envoyWhy, dockerTrouble: problem() };
}

/** '' where it is LIVE and well. */
function whyOf(life: EnvoyState): string {
	switch (life.kind) {
		case 'failed':
		case 'live':
		case 'silent':
			return troubleOf(life);
		case 'pulling':
			return 'its image is being pulled';
		case 'starting':
			return life.missing === '' ? 'Envoy is starting' : `Envoy is starting: ${life.missing}`;
		case 'absent':
		case 'draining':
			return `Envoy is ${life.kind}`;
	}
}

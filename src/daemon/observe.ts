import type { Listener } from '../connections/connections.ts';
import { gapsIn, gapText, isSilent, lanesOf } from '../connections/listener-gaps.ts';
import { loopRisk } from '../connections/loop-check.ts';
import { type Answer, type Body, type Life, troubleOf } from '../envoy/lifecycle.ts';
import type { Supervisor } from '../envoy/supervisor.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { Held } from '../firewall/iptables/installed.ts';
import type { DiffReply } from '../localapi/protocol.ts';
import { inspect } from '../reconcile/apply.ts';
import type { Aim } from '../reconcile/resolve.ts';
import { whyLeftOut } from '../routing/taken.ts';
import { withCause } from '../status/captured-pull.ts';
import { carry } from '../status/conditions.ts';
import { countersOf, factsOf, isOf } from '../status/summarize.ts';
import type { Condition, EnvoyStatus, Repairs, Status, Wanted } from '../status/types.ts';
import { families } from '../values/units.ts';
import { version } from '../version.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonParts } from './dependencies.ts';
import type { Trouble } from './repair-log.ts';
import type { Pending } from './stores.ts';

/** What is wanted at the moment of looking. */
export interface Wish {
	readonly survey: DaemonContext;
	readonly wanted: Wanted;
	readonly since: string;
	readonly aim: Aim;
	readonly isLifted: boolean;
	readonly isStarting: boolean;
	readonly repairs: Repairs;
	readonly driftTrouble: Trouble | undefined;
	readonly pending: Pending | undefined;
	readonly unconfirmed: readonly string[];
	readonly revertTrouble: { readonly why: string } | undefined;
}

/** `existing`: see Status; `known`: what the kernel held a moment ago, right after a change of ours. */
export type Observe = (wish: Wish, existing: number, known?: ByFamily<Held>) => Promise<Observed>;

export interface Observed {
	readonly status: Status;
	readonly diff: DiffReply;
}

const INSPECT_TIMEOUT_MS = 10_000;

/** Looks at the host each time it is asked: nothing is believed that can be read back. */
export function createObserver({
	proxy,
	listeners,
	stateFile,
	pendingFile,
	inspections,
}: Pick<DaemonParts, 'proxy' | 'listeners' | 'stateFile' | 'pendingFile' | 'inspections'>): Observe {
	let conditions: readonly Condition[] = [];
	return async (wish, existing, known) => {
		const { wanted, aim, isLifted, isStarting, since, survey, repairs, driftTrouble } = wish;
		const isOn = wanted === 'enabled' && !isLifted;
		const [{ held, lines, ...seen }, { envoy, why: envoyWhy, dockerTrouble }, findings] = await Promise.all([
			look(wish, isOn, known),
			envoyOf(wish, proxy, listeners),
			Promise.all(inspections.map((inspect) => inspect({ survey, aim, isOn }))),
		]);
		const ipv6Past = wanted === 'enabled' ? aim.ipv6Past : '';
		const observation = {
			...{ wanted, envoy, envoyWhy, dockerTrouble, differences: lines, isLifted, ipv6Past, driftTrouble },
			...{ ...seen, stateTrouble: stateFile.trouble() },
			...{ unconfirmed: wish.unconfirmed, revertWhy: wish.revertTrouble?.why ?? '' },
			findings: findings.flat(),
			isWaiting: isStarting || (proxy !== undefined && envoy.state !== 'live'),
		};
		conditions = carry(conditions, factsOf(observation), new Date().toISOString());
		const status: Status = {
			version,
			wanted,
			is: isOf(observation),
			since,
			backend: survey.backend,
			families: aim.target.families,
			envoy,
			conditions,
			repairs,
			...(wish.pending === undefined ? {} : { confirmUntil: (pendingFile.read() ?? wish.pending).until }),
			counters: countersOf(families.flatMap((family) => held[family].chains)),
			existing,
		};
		return { status, diff: { same: lines.length === 0, differences: lines } };
	};
}

async function look({ survey, aim }: Wish, isOn: boolean, known?: ByFamily<Held>) {
	const signal = AbortSignal.timeout(INSPECT_TIMEOUT_MS);
	const { held, isClean, taken, differences } = await inspect(survey.host, aim.target, isOn, signal, known);
	const lines = families.flatMap((family) => differences[family].map((difference) => ({ family, ...difference })));
	return { held, isClean, routesLeftOut: taken === undefined ? undefined : whyLeftOut(taken), lines };
}

interface EnvoyView {
	readonly envoy: EnvoyStatus;
	readonly why: string;
	/** Why Docker does not answer; '' while it does, or is not in use. */
	readonly dockerTrouble: string;
}

async function envoyOf(
	wish: Wish,
	proxy: Supervisor | undefined,
	listeners: () => Promise<readonly Listener[]>,
): Promise<EnvoyView> {
	const { runtime } = wish.survey.config.envoy;
	const view: EnvoyView =
		proxy === undefined
			? { envoy: { runtime, state: 'unmanaged', restarts: 0 }, why: '', dockerTrouble: '' }
			: managed(wish, proxy, runtime);
	// Whatever else is wrong with one of ours comes first.
	const isAsked = wish.wanted === 'enabled' && view.why === '';
	return isAsked ? { ...view, why: wrongWith(wish, await listeners(), proxy === undefined) } : view;
}

/** As the kernel has it. */
function wrongWith({ survey, aim }: Wish, listeners: readonly Listener[], isOthers: boolean): string {
	const gaps = gapsIn(lanesOf(survey.config), aim.target.families, listeners);
	const silent = gaps.filter(isSilent).map(({ lane }) => lane.port);
	if (silent.length > 0)
		return `nobody listens on ${silent.length === 1 ? 'port' : 'ports'} ${silent.join(' and ')}, captured connections fail`;
	if (gaps.length > 0) return gaps.map((gap) => gapText(gap, aim.target.families)).join('; ');
	return isOthers ? loopRisk(survey.capture, listeners) : '';
}

function managed(wish: Wish, { history, trouble }: Supervisor, runtime: EnvoyStatus['runtime']): EnvoyView {
	const { life, restarts, lastExit, pull } = history();
	const { kind, ...known } = life;
	const { id, image, since, version, listeners, retryMs } = known as Partial<Body & Answer & { retryMs: number }>;
	const shown = {
		...{ version, id, since, listeners, retryMs, pull, lastExit: lastExit || undefined },
		...(runtime === 'docker' ? { container: id, image } : {}),
	};
	const present = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
	const why = withCause(whyOf(life), wish.wanted === 'enabled' && !wish.isLifted && !wish.isStarting);
	return { envoy: { runtime, state: kind, restarts, ...present }, why, dockerTrouble: trouble() };
}

/** '' where it is LIVE and well. */
function whyOf(life: Life): string {
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

import type { Condition, DiffReply, EnvoyStatus, Status, Wanted } from './control/protocol.ts';
import type { Life } from './envoy/life.ts';
import type { Supervisor } from './envoy/supervise.ts';
import { readListeners } from './host/listeners.ts';
import { inspect } from './steady/interception.ts';
import type { Aim, Survey } from './survey.ts';
import { carry } from './telemetry/conditions.ts';
import { countersOf, factsOf, isOf } from './telemetry/status.ts';
import { families } from './units.ts';
import { version } from './version.ts';

/** What is wanted at the moment of looking. */
export interface Wish {
	readonly survey: Survey;
	readonly wanted: Wanted;
	readonly since: string;
	readonly aim: Aim;
	readonly isLifted: boolean;
}

export interface Observer {
	(wish: Wish): Promise<Status>;
	readonly diff: (wish: Wish) => Promise<DiffReply>;
}

const INSPECT_TIMEOUT_MS = 10_000;

/** Looks at the host each time it is asked: nothing is believed that can be read back. */
export function createObserver(proxy: Supervisor | undefined): Observer {
	let conditions: readonly Condition[] = [];
	const observe = async (wish: Wish): Promise<Status> => {
		const { held, isClean, lines } = await look(wish);
		const { envoy, why } = envoyOf(wish, proxy);
		const isOn = wish.wanted === 'enabled';
		const observation = {
			wanted: wish.wanted,
			envoy,
			envoyWhy: why,
			differences: lines,
			isClean,
			isLifted: wish.isLifted,
			ipv6Past: isOn ? wish.aim.ipv6Past : '',
		};
		conditions = carry(conditions, factsOf(observation), new Date().toISOString());
		return {
			version,
			wanted: wish.wanted,
			is: isOf(observation),
			since: wish.since,
			backend: wish.survey.backend,
			families: wish.aim.target.families,
			envoy,
			conditions,
			counters: countersOf(families.flatMap((family) => held[family].chains)),
		};
	};
	const diff = async (wish: Wish): Promise<DiffReply> => {
		const { lines } = await look(wish);
		return { same: lines.length === 0, differences: lines };
	};
	return Object.assign(observe, { diff });
}

async function look({ survey, aim, wanted, isLifted }: Wish) {
	const isOn = wanted === 'enabled' && !isLifted;
	const signal = AbortSignal.timeout(INSPECT_TIMEOUT_MS);
	const { held, isClean, differences } = await inspect(survey.host, aim.target, isOn, signal);
	const lines = families.flatMap((family) => differences[family].map((difference) => ({ family, ...difference })));
	return { held, isClean, lines };
}

interface EnvoyView {
	readonly envoy: EnvoyStatus;
	readonly why: string;
}

function envoyOf(wish: Wish, proxy: Supervisor | undefined): EnvoyView {
	const { runtime } = wish.survey.config.envoy;
	return proxy === undefined
		? unmanaged(wish, runtime)
		: { envoy: managed(proxy.life(), runtime), why: whyOf(proxy.life()) };
}

function unmanaged({ survey, wanted }: Wish, runtime: EnvoyStatus['runtime']): EnvoyView {
	const silent = wanted === 'enabled' ? silentPorts(survey) : [];
	const why = silent.length === 0 ? '' : `nobody listens on port ${silent.join(' and ')}, captured connections fail`;
	return { envoy: { runtime, state: 'unmanaged', restarts: 0 }, why };
}

function managed(life: Life, runtime: EnvoyStatus['runtime']): EnvoyStatus {
	const { kind, ...known } = life;
	const shown = Object.fromEntries(Object.entries(known).filter(([name]) => name !== 'why'));
	return { runtime, state: kind, restarts: 0, ...shown };
}

function whyOf(life: Life): string {
	if (life.kind === 'failed') return life.why;
	return life.kind === 'live' ? '' : `Envoy is ${life.kind}`;
}

function silentPorts({ config }: Survey): number[] {
	const open = new Set(readListeners().map(({ port }) => port));
	const needed = config.appPorts.length > 0 ? [config.egressPort, config.ingressPort] : [config.egressPort];
	return needed.filter((port) => !open.has(port));
}

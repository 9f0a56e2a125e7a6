import { pauseMs } from '../envoy/exit-text.ts';
import { type EnvoyState, isAway, type SupervisionHistory, troubleOf } from '../envoy/lifecycle.ts';
import type { PullProgress } from '../envoy/runtime.ts';
import { failureOf } from '../failure.ts';
import { withCause } from '../status/captured-pull.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { applyRules, removeRules } from './interception.ts';
import type { DaemonState } from './state.ts';

/** Envoy's life takes a turn: it is told, and the rules follow where they must. */
export function onEnvoyStateChange(
	state: DaemonState,
	deps: DaemonDependencies,
	history: SupervisionHistory,
	before: SupervisionHistory,
): void {
	tellPull(deps, history.pull, before.pull);
	countPulls(deps, history, before);
	const now = history.state;
	if (now === before.state) return;
	tellLife(state, deps, now, before.state);
	if (now.kind === 'live' && before.state.kind !== 'live' && !state.isStarting)
		attempt(deps, () => reapplyRules(state, deps, history));
	// While we start, those of a former daemon may be there.
	const isDown = isAway(now) && (before.state.kind === 'live' || state.isStarting);
	if (isDown && state.context.config.onEnvoyFailure === 'open') attempt(deps, () => lift(state, deps));
}

function tellLife({ applied }: DaemonState, { log }: DaemonDependencies, life: EnvoyState, before: EnvoyState): void {
	if (life.kind === before.kind && troubleOf(life) === troubleOf(before)) return;
	const why = withCause(troubleOf(life), applied !== undefined);
	log(isAway(life) ? 'error' : why === '' ? 'info' : 'warn', `envoy ${life.kind}`, {
		...('id' in life ? { id: life.id } : {}),
		...(why === '' ? {} : { why }),
		...(life.kind === 'failed' && life.retryMs !== undefined ? { retryMs: life.retryMs } : {}),
	});
}

function countPulls({ counters }: DaemonDependencies, { pulls }: SupervisionHistory, before: SupervisionHistory): void {
	for (const result of ['pulled', 'failed'] as const)
		if (pulls[result] > before.pulls[result]) counters.add('pulls', result);
}

/** Each layer once, when it is there. */
function tellPull({ log }: DaemonDependencies, now: PullProgress | undefined, before: PullProgress | undefined): void {
	if (now === undefined || now === before) return;
	if (before === undefined) log('info', 'pulling', { image: now.image });
	const done = (progress: PullProgress | undefined) => new Set(progress?.layers.filter(isDone).map(({ id }) => id));
	const already = done(before);
	for (const { id, status, total } of now.layers.filter((layer) => isDone(layer) && !already.has(layer.id)))
		log('info', 'layer pulled', { layer: id, how: status, bytes: total });
}

const isDone = ({ status }: PullProgress['layers'][number]): boolean => /^(Pull complete|Already exists)$/.test(status);

function attempt({ log }: DaemonDependencies, act: () => Promise<void>): void {
	act().catch((error) => log('error', 'rules could not follow Envoy', { why: failureOf(error).message }));
}

/** With `onEnvoyFailure: open`: an Envoy that is back within the grace period has not been away. */
async function lift(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	await deps.clock.sleep(state.context.config.envoy.graceSeconds * 1_000);
	await state.ruleLock(async () => {
		const isOff = state.applied === undefined && !state.isStarting;
		if (state.isEnding || isOff || state.isLifted || deps.proxy?.history().state.kind === 'live') return;
		await removeRules(state, deps);
		state.isLifted = true;
		deps.counters.add('ruleChanges', 'lift');
		deps.log('warn', 'rules lifted while Envoy is away');
	});
}

/** Rules that waited, or were lifted. After an Envoy that keeps ending they wait until it has lived a while. */
async function reapplyRules(
	state: DaemonState,
	deps: DaemonDependencies,
	{ failures, state: envoy }: SupervisionHistory,
): Promise<void> {
	if (state.isLifted && failures > 1) await deps.clock.sleep(pauseMs(failures, 0));
	await state.ruleLock(async () => {
		const isSame = deps.proxy?.history().state.kind === 'live' && idOf(deps.proxy.history().state) === idOf(envoy);
		if (state.isEnding || !isSame || state.wanted !== 'enabled' || state.applied !== undefined) return;
		await applyRules(state, state.context, deps);
		deps.counters.add('ruleChanges', 'restore');
	});
}

const idOf = (life: EnvoyState): string => ('id' in life ? life.id : '');

import { pauseMs } from '../envoy/back-off.ts';
import { type EnvoyState, isAway, type SupervisionHistory, troubleOf } from '../envoy/lifecycle.ts';
import type { PullProgress } from '../envoy/runtime.ts';
import { failureOf } from '../failure.ts';
import { withCause } from '../status/captured-pull.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { appliedOf, type DaemonState, isStarting, isStopping, wasRolledBackElsewhere } from './state.ts';

/** Logs what happens to Envoy, and lets the rules follow where they must. */
export function onEnvoyStateChange(core: DaemonCore, history: SupervisionHistory, before: SupervisionHistory): void {
	const { state, deps } = core;
	logPull(deps, history.pull, before.pull);
	countPulls(deps, history, before);
	const now = history.state;
	if (now === before.state) return;
	logState(state, deps, now, before.state);
	if (now.kind === 'live' && before.state.kind !== 'live' && !isStarting(state))
		attempt(deps, () => reapplyRules(core, history));
	// During a start, the rules of a former daemon may be there.
	const isDown = isAway(now) && (before.state.kind === 'live' || isStarting(state));
	if (isDown && state.settings.context.config.onEnvoyFailure === 'open') attempt(deps, () => lift(core));
}

function logState(state: DaemonState, { log }: DaemonDependencies, life: EnvoyState, before: EnvoyState): void {
	if (life.kind === before.kind && troubleOf(life) === troubleOf(before)) return;
	const why = withCause(troubleOf(life), appliedOf(state) !== undefined);
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

/** Each layer is logged once, when it is complete. */
function logPull({ log }: DaemonDependencies, now: PullProgress | undefined, before: PullProgress | undefined): void {
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

/** With `onEnvoyFailure: open`. An Envoy that is back within the grace period counts as never gone. */
async function lift({ state, deps, interception }: DaemonCore): Promise<void> {
	await deps.clock.sleep(state.settings.context.config.envoy.graceSeconds * 1_000);
	await state.ruleLock(async () => {
		const isDown = deps.proxy?.history().state.kind !== 'live';
		const mayBeOn = state.rules.kind === 'on' || (isStarting(state) && state.rules.kind !== 'lifted');
		if (isStopping(state) || !isDown || !mayBeOn) return;
		await interception.remove('lifted');
		deps.counters.add('ruleChanges', 'lift');
		deps.log('warn', 'rules lifted while Envoy is away');
	});
}

/** Rules that waited, or were lifted. After a crash loop they wait until Envoy has been LIVE for a while. */
async function reapplyRules(
	{ state, deps, interception }: DaemonCore,
	{ failures, state: envoy }: SupervisionHistory,
): Promise<void> {
	if (state.rules.kind === 'lifted' && failures > 1) await deps.clock.sleep(pauseMs(failures, 0));
	await state.ruleLock(async () => {
		const now = deps.proxy?.history().state;
		const isSame = now?.kind === 'live' && idOf(now) === idOf(envoy);
		if (isStopping(state) || !isSame || state.desired.wanted !== 'enabled' || state.rules.kind === 'on') return;
		if (wasRolledBackElsewhere(state, deps)) return;
		await interception.apply(state.settings.context);
		deps.counters.add('ruleChanges', 'restore');
	});
}

const idOf = (life: EnvoyState): string => ('id' in life ? life.id : '');

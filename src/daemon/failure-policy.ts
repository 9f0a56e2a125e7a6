import { setTimeout as sleep } from 'node:timers/promises';
import { pauseMs } from '../envoy/exit-text.ts';
import { type History, isAway, type Life, troubleOf } from '../envoy/lifecycle.ts';
import type { PullProgress } from '../envoy/runtime.ts';
import { failureOf } from '../failure.ts';
import { withCause } from '../status/captured-pull.ts';
import type { DaemonParts } from './dependencies.ts';
import { turnOff, turnOn } from './interception.ts';
import type { Holding } from './state.ts';

/** Envoy's life takes a turn: it is told, and the rules follow where they must. */
export function answerLife(holding: Holding, parts: DaemonParts, history: History, before: History): void {
	tellPull(parts, history.pull, before.pull);
	countPulls(parts, history, before);
	const { life } = history;
	if (life.kind === before.life.kind && life === before.life) return;
	tellLife(holding, parts, life, before.life);
	if (life.kind === 'live' && before.life.kind !== 'live' && !holding.isStarting)
		attempt(parts, () => comeBack(holding, parts, history));
	// While we start, those of a former daemon may be there.
	const isDown = isAway(life) && (before.life.kind === 'live' || holding.isStarting);
	if (isDown && holding.survey.config.onEnvoyFailure === 'open') attempt(parts, () => lift(holding, parts));
}

function tellLife({ aim }: Holding, { log }: DaemonParts, life: Life, before: Life): void {
	if (life.kind === before.kind && troubleOf(life) === troubleOf(before)) return;
	const why = withCause(troubleOf(life), aim !== undefined);
	log(isAway(life) ? 'error' : why === '' ? 'info' : 'warn', `envoy ${life.kind}`, {
		...('id' in life ? { id: life.id } : {}),
		...(why === '' ? {} : { why }),
		...(life.kind === 'failed' && life.retryMs !== undefined ? { retryMs: life.retryMs } : {}),
	});
}

function countPulls({ tallies }: DaemonParts, { pulls }: History, before: History): void {
	for (const result of ['pulled', 'failed'] as const)
		if (pulls[result] > before.pulls[result]) tallies.add('pulls', result);
}

/** Each layer once, when it is there. */
function tellPull({ log }: DaemonParts, now: PullProgress | undefined, before: PullProgress | undefined): void {
	if (now === undefined || now === before) return;
	if (before === undefined) log('info', 'pulling', { image: now.image });
	const done = (progress: PullProgress | undefined) => new Set(progress?.layers.filter(isDone).map(({ id }) => id));
	const already = done(before);
	for (const { id, status, total } of now.layers.filter((layer) => isDone(layer) && !already.has(layer.id)))
		log('info', 'layer pulled', { layer: id, how: status, bytes: total });
}

const isDone = ({ status }: PullProgress['layers'][number]): boolean => /^(Pull complete|Already exists)$/.test(status);

function attempt({ log }: DaemonParts, act: () => Promise<void>): void {
	act().catch((error) => log('error', 'rules could not follow Envoy', { why: failureOf(error).message }));
}

/** With `onEnvoyFailure: open`: an Envoy that is back within the grace period has not been away. */
async function lift(holding: Holding, parts: DaemonParts): Promise<void> {
	await sleep(holding.survey.config.envoy.graceSeconds * 1_000, undefined, { ref: false });
	await holding.exclusive(async () => {
		const isOff = holding.aim === undefined && !holding.isStarting;
		if (holding.isEnding || isOff || holding.isLifted || parts.proxy?.history().life.kind === 'live') return;
		await turnOff(holding, parts);
		holding.isLifted = true;
		parts.tallies.add('ruleChanges', 'lift');
		parts.log('warn', 'rules lifted while Envoy is away');
	});
}

/** Rules that waited, or were lifted. After an Envoy that keeps ending they wait until it has lived a while. */
async function comeBack(holding: Holding, parts: DaemonParts, { failures, life }: History): Promise<void> {
	if (holding.isLifted && failures > 1) await sleep(pauseMs(failures, 0), undefined, { ref: false });
	await holding.exclusive(async () => {
		const isSame = parts.proxy?.history().life.kind === 'live' && idOf(parts.proxy.history().life) === idOf(life);
		if (holding.isEnding || !isSame || holding.wanted !== 'enabled' || holding.aim !== undefined) return;
		await turnOn(holding, holding.survey, parts);
		parts.tallies.add('ruleChanges', 'restore');
	});
}

const idOf = (life: Life): string => ('id' in life ? life.id : '');

import { type ActiveCapture, type CutResult, cutBypassing } from '../connections/bypass-counter.ts';
import { gapsIn, isSilent, lanesOf } from '../connections/listener-gaps.ts';
import { untilNone } from '../lib/until-none.ts';
import type { DisableReply, Handlers, Sessions } from '../localapi/protocol.ts';
import type { Status } from '../status/types.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import { disable, waitsForEnvoy } from './desired-state.ts';
import type { ReadBack } from './reconciler.ts';
import { refuseStopping } from './refuse-stopping.ts';
import { createSparing, warningOf } from './spare-sessions.ts';
import { appliedOf, type DaemonState, isStopping } from './state.ts';

/** What switches interception on and off. `status`: what holds then; `held`: read back a moment ago. */
export function createSwitchHandlers(
	core: DaemonCore,
	confirmation: Confirmation,
	status: (held?: ReadBack) => Promise<Status>,
): Pick<Handlers, 'enable' | 'confirm' | 'revert' | 'disable'> {
	const { state, drain } = core;
	const { ruleLock } = state;
	return {
		enable: async ({ confirmSeconds, cutExisting, ...told }) => {
			refuseStopping(state, 'on');
			const held = await ruleLock(() => confirmation.enable(confirmSeconds));
			const cut = cutExisting === true ? await ruleLock(() => cutNow(core, told)) : undefined;
			const warning = await warningOf(state, core.deps, told);
			return {
				...(await status(held)),
				...(cut === undefined ? {} : { cut }),
				...(warning === '' ? {} : { warning }),
			};
		},
		confirm: async () => {
			await ruleLock(() => confirmation.confirm());
			return status();
		},
		revert: async () => {
			await unlessStopping(state, () => confirmation.revert());
			return status();
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			refuseStopping(state, 'off');
			await unlessStopping(state, async () => {
				await disable(core);
				await confirmation.cancel();
			});
			if (drainSeconds === undefined) return { status: await status() };
			const open = await openAfter(drainSeconds, drain.count);
			await ruleLock(async () => (isStopping(state) ? undefined : drain.finish()));
			return { status: await status(), open };
		},
	};
}

/** Checked again once it is their turn: a stop may have come before. */
const unlessStopping = (state: DaemonState, act: () => Promise<void>): Promise<void> =>
	state.ruleLock(async () => {
		refuseStopping(state, 'off');
		await act();
	});

/** Nothing is cut while Envoy cannot take the connections that come instead. */
async function cutNow(core: DaemonCore, told: Sessions): Promise<CutResult | undefined> {
	const { state, deps } = core;
	const capturing = capturingOf(state);
	if (capturing === undefined || waitsForEnvoy(core)) return undefined;
	const lanes = lanesOf(state.settings.context.config);
	const gaps = gapsIn(lanes, capturing.families, await deps.listeners());
	if (gaps.filter(isSilent).length === lanes.length) return undefined;
	const cut = await cutBypassing(deps.connections, capturing, gaps, createSparing(told));
	deps.log('info', 'existing connections cut', { ...cut });
	return cut;
}

export function capturingOf(state: DaemonState): ActiveCapture | undefined {
	const applied = appliedOf(state);
	if (applied === undefined) return undefined;
	const { target: rules, capture } = applied;
	return { rules, capture, families: rules.families, ports: state.redirectPorts };
}

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => Promise<number>): Promise<number> {
	return (await untilNone(open, AbortSignal.timeout(seconds * 1_000))) ?? open();
}

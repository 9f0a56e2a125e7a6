import { type ActiveCapture, type CutResult, cutBypassing } from '../connections/bypass-counter.ts';
import { gapsIn, isSilent, lanesOf } from '../connections/listener-gaps.ts';
import type { Installed } from '../firewall/firewall.ts';
import { untilNone } from '../lib/until-none.ts';
import type { DisableReply, Handlers, Sessions } from '../localapi/protocol.ts';
import type { Status } from '../status/types.ts';
import { cancelConfirmation, confirm, enableWithConfirm, revert } from './confirm.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { countRedirected, disable, finishDrain, refuseEnding, waitsForEnvoy } from './interception.ts';
import { createSparing, warningOf } from './spare-sessions.ts';
import type { DaemonState } from './state.ts';

/** What says whether interception is to be on. `status`: what is then; `held`: read back a moment ago. */
export function createWishHandlers(
	state: DaemonState,
	deps: DaemonDependencies,
	status: (held?: Installed) => Promise<Status>,
): Pick<Handlers, 'enable' | 'confirm' | 'revert' | 'disable'> {
	const { ruleLock } = state;
	return {
		enable: async ({ confirmSeconds, cutExisting, ...told }) => {
			refuseEnding(state);
			const held = await ruleLock(() => enableWithConfirm(state, deps, confirmSeconds));
			const cut = cutExisting === true ? await ruleLock(() => cutNow(state, deps, told)) : undefined;
			const warning = await warningOf(state, deps, told);
			return {
				...(await status(held)),
				...(cut === undefined ? {} : { cut }),
				...(warning === '' ? {} : { warning }),
			};
		},
		confirm: async () => {
			await ruleLock(() => confirm(state, deps));
			return status();
		},
		revert: async () => {
			await unlessEnding(state, () => revert(state, deps));
			return status();
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			refuseEnding(state, 'off');
			await unlessEnding(state, async () => {
				await disable(state, deps);
				await cancelConfirmation(state, deps);
			});
			if (drainSeconds === undefined) return { status: await status() };
			const open = await openAfter(drainSeconds, () => countRedirected(state, deps));
			await ruleLock(async () => (state.isEnding ? undefined : finishDrain(state, deps)));
			return { status: await status(), open };
		},
	};
}

/** Once it is their turn: a stop may have come before. */
const unlessEnding = (state: DaemonState, act: () => Promise<void>): Promise<void> =>
	state.ruleLock(async () => {
		refuseEnding(state, 'off');
		await act();
	});

/** Nobody is cut off while Envoy cannot take what comes instead. */
async function cutNow(state: DaemonState, deps: DaemonDependencies, told: Sessions): Promise<CutResult | undefined> {
	const capturing = capturingOf(state);
	if (capturing === undefined || waitsForEnvoy(state, deps)) return undefined;
	const lanes = lanesOf(state.context.config);
	const gaps = gapsIn(lanes, capturing.families, await deps.listeners());
	if (gaps.filter(isSilent).length === lanes.length) return undefined;
	const cut = await cutBypassing(deps.connections, capturing, gaps, createSparing(told));
	deps.log('info', 'existing connections cut', { ...cut });
	return cut;
}

export function capturingOf({ applied, context, redirectPorts }: DaemonState): ActiveCapture | undefined {
	if (applied === undefined) return undefined;
	return { rules: applied.target, capture: context.capture, families: applied.target.families, ports: redirectPorts };
}

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => Promise<number>): Promise<number> {
	return (await untilNone(open, AbortSignal.timeout(seconds * 1_000))) ?? open();
}

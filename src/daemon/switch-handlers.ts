import { type Capturing, type Cut, cutExisting } from '../connections/bypass-counter.ts';
import { gapsIn, isSilent, lanesOf } from '../connections/listener-gaps.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { Held } from '../firewall/iptables/installed.ts';
import { untilNone } from '../lib/until-none.ts';
import type { DisableReply, Handlers, Sessions } from '../localapi/protocol.ts';
import type { Status } from '../status/types.ts';
import { confirm, dismiss, enableFor, revert } from './confirm.ts';
import type { DaemonParts } from './dependencies.ts';
import { disable, mustWait, openConnections, refuseEnding, settle } from './interception.ts';
import { createSparing, warningOf } from './spare-sessions.ts';
import type { Holding } from './state.ts';

/** What says whether interception is to be on. `status`: what is then; `held`: read back a moment ago. */
export function createWishHandlers(
	holding: Holding,
	parts: DaemonParts,
	status: (held?: ByFamily<Held>) => Promise<Status>,
): Pick<Handlers, 'enable' | 'confirm' | 'revert' | 'disable'> {
	const { exclusive } = holding;
	return {
		enable: async ({ confirmSeconds, cutExisting, ...told }) => {
			refuseEnding(holding);
			const held = await exclusive(() => enableFor(holding, parts, confirmSeconds));
			const cut = cutExisting === true ? await exclusive(() => cutNow(holding, parts, told)) : undefined;
			const warning = await warningOf(holding, parts, told);
			return {
				...(await status(held)),
				...(cut === undefined ? {} : { cut }),
				...(warning === '' ? {} : { warning }),
			};
		},
		confirm: async () => {
			await exclusive(() => confirm(holding, parts));
			return status();
		},
		revert: async () => {
			await unlessEnding(holding, () => revert(holding, parts));
			return status();
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			refuseEnding(holding, 'off');
			await unlessEnding(holding, async () => {
				await disable(holding, parts);
				await dismiss(holding, parts);
			});
			if (drainSeconds === undefined) return { status: await status() };
			const open = await openAfter(drainSeconds, () => openConnections(holding, parts));
			await exclusive(async () => (holding.isEnding ? undefined : settle(holding, parts)));
			return { status: await status(), open };
		},
	};
}

/** Once it is their turn: a stop may have come before. */
const unlessEnding = (holding: Holding, act: () => Promise<void>): Promise<void> =>
	holding.exclusive(async () => {
		refuseEnding(holding, 'off');
		await act();
	});

/** Nobody is cut off while Envoy cannot take what comes instead. */
async function cutNow(holding: Holding, parts: DaemonParts, told: Sessions): Promise<Cut | undefined> {
	const capturing = capturingOf(holding);
	if (capturing === undefined || mustWait(holding, parts)) return undefined;
	const lanes = lanesOf(holding.survey.config);
	const gaps = gapsIn(lanes, capturing.families, await parts.listeners());
	if (gaps.filter(isSilent).length === lanes.length) return undefined;
	const cut = await cutExisting(parts.connections, capturing, gaps, createSparing(told));
	parts.log('info', 'existing connections cut', { ...cut });
	return cut;
}

export function capturingOf({ aim, survey, capturedFor }: Holding): Capturing | undefined {
	if (aim === undefined) return undefined;
	return { rules: aim.target, capture: survey.capture, families: aim.target.families, ports: capturedFor };
}

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => Promise<number>): Promise<number> {
	return (await untilNone(open, AbortSignal.timeout(seconds * 1_000))) ?? open();
}

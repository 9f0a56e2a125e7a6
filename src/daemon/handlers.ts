import { setTimeout as sleep } from 'node:timers/promises';
import type { DisableReply, Handlers, Status } from '../control/protocol.ts';
import type { Held } from '../ruleset/held.ts';
import { shownSettings } from '../settings.ts';
import type { ByFamily } from '../steady/rules.ts';
import { aimOf } from '../survey.ts';
import { disable, type Holding, openConnections, settle } from './changes.ts';
import { adopt, confirm, enableFor, forget, revert } from './confirm.ts';
import type { Drift } from './drift.ts';
import { reload, update } from './exchange.ts';
import { createObserver } from './observer.ts';
import type { DaemonParts } from './parts.ts';

const POLL_MS = 100;

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(holding: Holding, drift: Drift, parts: DaemonParts): Handlers {
	const observer = createObserver(parts.proxy, parts.listeners);
	const wish = async () => {
		adopt(holding, parts);
		return {
			...holding,
			aim: holding.aim ?? (await aimOf(holding.survey)),
			...{ repairs: drift.repairs(), driftTrouble: drift.trouble() },
		};
	};
	const status = async (held?: ByFamily<Held>) => observer.status(await wish(), held);
	return {
		status: () => status(),
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		...wishHandlers(holding, parts, status),
		update: async ({ image }, signal) => {
			const changed = await holding.exchanges(() => update(holding, parts, image, signal));
			return { changed, status: await status() };
		},
		reload: async (_, signal) => {
			const changed = await holding.exchanges(() => reload(holding, parts, signal));
			return { changed, notices: holding.loaded.notices, status: await status() };
		},
		diff: async () => observer.diff(await wish()),
		config: async () => shownSettings(holding.loaded),
	};
}

/** What says whether interception is to be on. Resolves to what is then; `held`: read back a moment ago. */
function wishHandlers(
	holding: Holding,
	parts: DaemonParts,
	status: (held?: ByFamily<Held>) => Promise<Status>,
): Pick<Handlers, 'enable' | 'confirm' | 'revert' | 'disable'> {
	return {
		enable: async ({ confirmSeconds }) => {
			const held = await holding.exclusive(() => enableFor(holding, parts, confirmSeconds));
			return status(held);
		},
		confirm: async () => {
			await holding.exclusive(() => confirm(holding, parts));
			return status();
		},
		revert: async () => {
			await holding.exclusive(() => revert(holding, parts));
			return status();
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			await holding.exclusive(async () => {
				await disable(holding, parts);
				await forget(holding, parts);
			});
			if (drainSeconds === undefined) return { status: await status() };
			const open = await openAfter(drainSeconds, () => openConnections(holding, parts));
			await holding.exclusive(() => settle(holding, parts));
			return { status: await status(), open };
		},
	};
}

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => number): Promise<number> {
	const deadline = AbortSignal.timeout(seconds * 1_000);
	while (open() > 0 && !deadline.aborted) await sleep(POLL_MS);
	return open();
}

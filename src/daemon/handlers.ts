import { setTimeout as sleep } from 'node:timers/promises';
import type { DisableReply, Handlers } from '../control/protocol.ts';
import { shownSettings } from '../settings.ts';
import { aimOf } from '../survey.ts';
import { disable, enable, type Holding, openConnections, refuseEnding, settle } from './changes.ts';
import { reload, update } from './exchange.ts';
import { createObserver } from './observer.ts';
import type { DaemonParts } from './parts.ts';

const POLL_MS = 100;

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(holding: Holding, parts: DaemonParts): Handlers {
	const { exclusive } = holding;
	const observer = createObserver(parts);
	const wish = async () => ({ ...holding, aim: holding.aim ?? (await aimOf(holding.survey)) });
	const status = async () => observer.status(await wish());
	return {
		status,
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		enable: async () => {
			refuseEnding(holding);
			const held = await exclusive(() => enable(holding, parts));
			return observer.status(await wish(), held);
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			await exclusive(() => disable(holding, parts));
			if (drainSeconds === undefined) return { status: await status() };
			const open = await openAfter(drainSeconds, () => openConnections(holding, parts));
			await exclusive(() => settle(holding, parts));
			return { status: await status(), open };
		},
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

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => number): Promise<number> {
	const deadline = AbortSignal.timeout(seconds * 1_000);
	while (open() > 0 && !deadline.aborted) await sleep(POLL_MS);
	return open();
}

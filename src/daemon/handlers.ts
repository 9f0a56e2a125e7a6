import { setTimeout as sleep } from 'node:timers/promises';
import type { DisableReply, Handlers } from '../control/protocol.ts';
import type { Exclusive } from '../exclusive.ts';
import type { ProxyAdmin } from '../ports.ts';
import { shownSettings } from '../settings.ts';
import { aimOf } from '../survey.ts';
import { disable, enable, type Holding, reload } from './changes.ts';
import { createObserver } from './observer.ts';
import type { DaemonParts } from './parts.ts';

const POLL_MS = 100;

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(holding: Holding, parts: DaemonParts, exclusive: Exclusive): Handlers {
	const observer = createObserver(parts.proxy, parts.listeners);
	const wish = () => ({ ...holding, aim: holding.aim ?? aimOf(holding.survey) });
	const status = () => observer.status(wish());
	return {
		status,
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		enable: async () => {
			const held = await exclusive(() => enable(holding, parts));
			return observer.status(wish(), held);
		},
		disable: async ({ drainSeconds }): Promise<DisableReply> => {
			await exclusive(() => disable(holding, parts));
			if (drainSeconds === undefined) return { status: await status() };
			const open = await connectionsAfter(parts.admin, drainSeconds);
			return { status: await status(), ...(open === undefined ? {} : { open }) };
		},
		reload: async () => {
			const changed = await exclusive(() => reload(holding, parts));
			return { changed, notices: holding.loaded.notices, status: await status() };
		},
		diff: () => observer.diff(wish()),
		config: async () => shownSettings(holding.loaded),
	};
}

/** How many connections are open through Envoy when all have ended or the time is over; undefined: Envoy does not say. */
async function connectionsAfter(admin: ProxyAdmin, seconds: number): Promise<number | undefined> {
	const deadline = AbortSignal.timeout(seconds * 1_000);
	const count = () => admin.connections(AbortSignal.timeout(POLL_MS * 20));
	let open = await count();
	while (open !== undefined && open > 0 && !deadline.aborted) {
		await sleep(POLL_MS);
		open = await count();
	}
	return open;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { DisableReply, Handlers, Status } from '../control/protocol.ts';
import { failureOf } from '../failure.ts';
import type { Held } from '../ruleset/held.ts';
import { shownSettings } from '../settings.ts';
import type { ByFamily } from '../steady/rules.ts';
import { aimOf } from '../survey.ts';
import { disable, enable, type Holding, mustWait, openConnections, settle } from './changes.ts';
import { reload, update } from './exchange.ts';
import { type Capturing, type Cut, createExisting, cutExisting } from './existing.ts';
import { createObserver } from './observer.ts';
import type { DaemonParts } from './parts.ts';

const POLL_MS = 100;

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(holding: Holding, parts: DaemonParts): Handlers {
	const { exclusive } = holding;
	const observer = createObserver(parts.proxy, parts.listeners);
	const existing = createExisting(parts.connections, (error) =>
		parts.log('warn', 'open connections could not be counted', { why: failureOf(error).message }),
	);
	const wish = async () => ({ ...holding, aim: holding.aim ?? (await aimOf(holding.survey)) });
	const status = async (held?: ByFamily<Held>): Promise<Status> => {
		const [now, past] = await Promise.all([wish(), existing.count(capturingOf(holding))]);
		return observer.status(now, past, held);
	};
	return {
		status: () => status(),
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		enable: async (request) => {
			const held = await exclusive(() => enable(holding, parts));
			const cut = request.cutExisting === true ? await exclusive(() => cutNow(holding, parts)) : undefined;
			return { ...(await status(held)), ...(cut === undefined ? {} : { cut }) };
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

/** Nobody is cut off while Envoy cannot take what comes instead. */
async function cutNow(holding: Holding, parts: DaemonParts): Promise<Cut | undefined> {
	const capturing = capturingOf(holding);
	const isHeard = (await parts.listeners()).some(({ port }) => port === holding.survey.config.egressPort);
	if (capturing === undefined || mustWait(holding, parts) || !isHeard) return undefined;
	const cut = await cutExisting(parts.connections, capturing);
	parts.log('info', 'existing connections cut', { ...cut });
	return cut;
}

function capturingOf({ aim, survey, capturedFor }: Holding): Capturing | undefined {
	if (aim === undefined) return undefined;
	return { rules: aim.target, capture: survey.capture, families: aim.target.families, ports: capturedFor };
}

/** How many connections are open when all have ended or the time is over. */
async function openAfter(seconds: number, open: () => number): Promise<number> {
	const deadline = AbortSignal.timeout(seconds * 1_000);
	while (open() > 0 && !deadline.aborted) await sleep(POLL_MS);
	return open();
}

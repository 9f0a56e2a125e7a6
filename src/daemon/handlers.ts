import { setTimeout as sleep } from 'node:timers/promises';
import { shownSettings } from '../config/describe.ts';
import { createExisting } from '../connections/bypass-counter.ts';
import { failureOf } from '../failure.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { Held } from '../firewall/iptables/installed.ts';
import { createShared } from '../lib/single-flight.ts';
import type { Handlers } from '../localapi/protocol.ts';
import { aimOf } from '../reconcile/resolve.ts';
import type { Status } from '../status/types.ts';
import { adopt, isOverdue } from './confirm.ts';
import type { DaemonParts } from './dependencies.ts';
import type { Drift } from './drift.ts';
import { createObserver, type Observed } from './observe.ts';
import { reload, update } from './reload.ts';
import { warningOf } from './spare-sessions.ts';
import type { Holding } from './state.ts';
import { capturingOf, createWishHandlers } from './switch-handlers.ts';

/** What the socket's methods do. Changes wait for one another, questions do not wait for changes. */
export function createHandlers(holding: Holding, drift: Drift, parts: DaemonParts): Handlers {
	const observe = createObserver(parts);
	const existing = createExisting(parts.connections, (error) =>
		parts.log('warn', 'open connections could not be counted', { why: failureOf(error).message }),
	);
	const wish = async () => {
		// What keeps us from it is told by whoever repairs.
		if (isOverdue(holding, parts)) await holding.exclusive(() => adopt(holding, parts)).catch(() => false);
		return {
			...holding,
			aim: holding.aim ?? (await aimOf(holding.survey)),
			...{ repairs: drift.repairs(), driftTrouble: drift.trouble() },
		};
	};
	const look = async (held?: ByFamily<Held>): Promise<Observed> => {
		const [now, past] = await Promise.all([wish(), existing.count(capturingOf(holding))]);
		return observe(now, past, held);
	};
	const see = (held?: ByFamily<Held>) => lookBetween(holding, look, held);
	// One look for all who ask at the same time, whatever they ask.
	const seen = createShared(see);
	const status = async (held?: ByFamily<Held>): Promise<Status> =>
		(await (held === undefined ? seen() : see(held))).status;
	return {
		status: () => status(),
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		...createWishHandlers(holding, parts, status),
		update: async ({ image }, signal) => {
			const changed = await holding.exchanges(() => update(holding, parts, image, signal));
			return { changed, status: await status() };
		},
		reload: async ({ confirmSeconds, ...told }, signal) => {
			const changed = await holding.exchanges(() => reload(holding, parts, confirmSeconds, signal));
			const warning = await warningOf(holding, parts, told);
			const notices = [...holding.loaded.notices, ...holding.survey.notices];
			const said = { changed, notices, ...(warning === '' ? {} : { warning }) };
			return { ...said, status: await status() };
		},
		diff: async () => (await seen()).diff,
		config: async () => shownSettings(holding.loaded),
	};
}

/** In the middle of a change the rules are the new ones already, and what is wanted is what was wanted before. */
async function lookBetween(
	holding: Holding,
	look: (held?: ByFamily<Held>) => Promise<Observed>,
	held: ByFamily<Held> | undefined,
): Promise<Observed> {
	if (holding.known === undefined) await changed(holding);
	const before = holding.known;
	const seen = await look(held);
	if (seen.diff.same || holding.known === before) return seen;
	await changed(holding);
	return look();
}

/** Questions do not wait for a change that takes long. */
const PATIENCE_MS = 300;

/** Resolves once the change that is under way has ended. */
const changed = ({ exclusive }: Holding): Promise<void> =>
	Promise.race([exclusive(async () => undefined), sleep(PATIENCE_MS, undefined, { ref: false })]);

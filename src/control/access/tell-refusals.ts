import type { Log } from '../../log.ts';
import type { Refusal, RefusalReason } from './request-refusal.ts';

const EVERY_MS = 60_000;

/** For the log: of each reason one in a minute, and how many there were since, as strangers can send as many as they like. */
export function tellRefusals(log: Log, now: () => number = Date.now): (refusal: Refusal) => void {
	const told = new Map<RefusalReason, { readonly atMs: number; since: number }>();
	return ({ reason, detail }) => {
		const last = told.get(reason);
		if (last !== undefined && now() - last.atMs < EVERY_MS) {
			last.since += 1;
			return;
		}
		told.set(reason, { atMs: now(), since: 0 });
		log('warn', 'request refused', { reason, detail, ...(last === undefined ? {} : { untold: last.since }) });
	};
}

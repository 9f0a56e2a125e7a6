import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';
import type { Refusal, RefusalReason } from './request-refusal.ts';

const EVERY_MS = 60_000;

/** For the log: of each reason one in a minute, and how many there were since, as strangers can send as many as they like. */
export function tellRefusals(log: Log, { nowMs }: Pick<Clock, 'nowMs'>): (refusal: Refusal) => void {
	const told = new Map<RefusalReason, { readonly atMs: number; since: number }>();
	return ({ reason, detail }) => {
		const last = told.get(reason);
		if (last !== undefined && nowMs() - last.atMs < EVERY_MS) {
			last.since += 1;
			return;
		}
		told.set(reason, { atMs: nowMs(), since: 0 });
		log('warn', 'request refused', { reason, detail, ...(last === undefined ? {} : { untold: last.since }) });
	};
}

import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';

const AGAIN_MS = 60 * 60 * 1_000;
/** Strangers can make up as many as they like. */
const MOST = 1_000;

/** A warning for each text, once in an hour: who is refused tries again every few seconds. */
export function tellOnce(log: Log, clock: Clock, event: string): (why: string, remedy: string) => void {
	const told = new Map<string, number>();
	return (why, remedy) => {
		const atMs = told.get(why);
		if (atMs !== undefined && clock.nowMs() - atMs < AGAIN_MS) return;
		told.delete(why);
		told.set(why, clock.nowMs());
		const [oldest] = told.keys();
		if (told.size > MOST && oldest !== undefined) told.delete(oldest);
		log('warn', event, { why, remedy });
	};
}

// Changes that nobody keeps; it passes the same contract test as a file of them.
import type { History, HistoryEvent } from '../../src/control/history.ts';

export interface MemoryHistory extends History {
	/** Why nothing can be recorded; undefined: it can. */
	refusal: Error | undefined;
}

export function createMemoryHistory(): MemoryHistory {
	const events: HistoryEvent[] = [];
	const history: MemoryHistory = {
		refusal: undefined,
		async add(event) {
			if (history.refusal !== undefined) throw history.refusal;
			events.unshift(event);
		},
		latest: async (limit) => events.slice(0, limit),
	};
	return history;
}

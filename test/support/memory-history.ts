// A history that nobody keeps; it passes the same contract test as those that are kept.
import type { History, HistoryEvent } from '../../src/control/history.ts';

export function createMemoryHistory(): History {
	const events: HistoryEvent[] = [];
	return {
		add: async (event) => void events.unshift(event),
		latest: async (limit) => events.slice(0, limit),
	};
}

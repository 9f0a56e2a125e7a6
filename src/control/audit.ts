import { failureOf } from '../failure.ts';
import type { Log } from '../log.ts';
import { ApiFailure } from './api-failure.ts';
import type { History, HistoryEvent } from './history.ts';

/** Sees to it that no change stays without its record. */
export interface Audit {
	/** Throws an ApiFailure where the last change has none yet: then nothing else is to be changed. */
	readonly require: () => Promise<void>;
	/** Of a change that was made. Throws an ApiFailure where it cannot be kept: the change is not acknowledged then. */
	readonly record: (event: HistoryEvent) => Promise<void>;
}

export function createAudit(history: History, log: Log): Audit {
	let missing: HistoryEvent | undefined;
	const keep = async (event: HistoryEvent, what: string): Promise<void> => {
		missing = event;
		try {
			await history.add(event);
		} catch (error) {
			const { message, remedy } = failureOf(error);
			const { operation, resource, by } = event;
			log('error', 'a change is not recorded', { operation, resource, by, why: message, remedy });
			throw new ApiFailure('ServiceUnavailableException', `${what}: ${message}`, remedy);
		}
		missing = undefined;
	};
	return {
		async require() {
			if (missing !== undefined) await keep(missing, 'nothing is changed until the last change is recorded');
		},
		record: (event) => keep(event, 'it was changed, and that cannot be recorded, so that nothing else is changed'),
	};
}

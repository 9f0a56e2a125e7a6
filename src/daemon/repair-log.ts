import { failureOf } from '../failure.ts';
import { timeOf } from '../lib/clock.ts';
import type { Repairs } from '../status/types.ts';
import type { DaemonDependencies } from './dependencies.ts';
import {
	type Budget,
	budgetPauseMs,
	fullBudget,
	isContested,
	recent,
	repairPauseMs,
	retryMs,
	spend,
} from './repair-limits.ts';

/** Drift that was repaired. */
export interface Repair {
	readonly subject: 'rules' | 'routes';
	/** What was not as wanted, as `turnout diff` prints it. */
	readonly lines: readonly string[];
	readonly by: string;
	/** From the first change event on. */
	readonly ms: number;
}

/** Why something cannot be repaired. */
export interface Trouble {
	readonly why: string;
	readonly remedy: string;
}

/** What was repaired, what could not be, and how soon the next check may be. */
export interface RepairLog {
	readonly repaired: (repair: Repair) => void;
	readonly recordClean: (costMs: number) => void;
	readonly failed: (error: unknown, costMs: number) => void;
	/** How long the next check waits; `isRetry`: nothing has changed since one that failed. */
	readonly pauseMs: (isRetry: boolean) => number;
	readonly repairs: () => Repairs;
	readonly problem: () => Trouble | undefined;
}

const SHOWN_LINES = 3;

export function createRepairLog({ log, counters, ruleManagers, clock }: DaemonDependencies): RepairLog {
	const now = clock.nowMs;
	const times: number[] = [];
	let repairs: Repairs = { count: 0 };
	let budget: Budget = fullBudget(now());
	let failures = 0;
	let failure: Trouble | undefined;
	return {
		repaired({ subject, lines, by, ms }) {
			times.splice(0, times.length, ...recent(times, now()), now());
			const what = lines.slice(0, SHOWN_LINES).join('; ') + (lines.length > SHOWN_LINES ? '; …' : '');
			const who = by === '' ? {} : { by };
			repairs = { count: repairs.count + 1, last: { at: timeOf(clock), what, ms, ...who } };
			[failures, failure] = [0, undefined];
			counters.add('repairs', subject);
			log('warn', 'repaired', { subject, what, lines: lines.length, ms, ...who });
		},
		recordClean(costMs) {
			budget = spend(budget, costMs, now());
			[failures, failure] = [0, undefined];
		},
		failed(error, costMs) {
			const { message, remedy } = failureOf(error);
			failures += 1;
			budget = spend(budget, costMs, now());
			if (failure?.why !== message) log('error', 'cannot repair', { why: message });
			failure = { why: message, remedy };
		},
		pauseMs: (isRetry) =>
			Math.max(repairPauseMs(times, now()), budgetPauseMs(budget, now()), isRetry ? retryMs(failures) : 0),
		repairs: () => repairs,
		problem: () =>
			failure ?? (isContested(times, now()) ? contested(times.length, repairs, ruleManagers()) : undefined),
	};
}

function contested(count: number, { last }: Repairs, managers: readonly string[]): Trouble {
	const by = last?.by === undefined ? '' : `, the last time by ${last.by}`;
	const running = managers.length === 0 ? '' : `; of those that do such things there run here: ${managers.join(', ')}`;
	return {
		why: `others have undone them ${count} times within a minute${by}${running}; they are put back every 5 s now`,
		remedy:
			'Find out who it is and let it leave ours alone: the chains APPMESH_… and what leads to them, in nft the table inet turnout; see docs/firewalls.md',
	};
}

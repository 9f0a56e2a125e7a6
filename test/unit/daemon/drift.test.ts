import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonDependencies } from '../../../src/daemon/dependencies.ts';
import { createDrift } from '../../../src/daemon/drift.ts';
import type { DaemonState } from '../../../src/daemon/state.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createCounters } from '../../../src/status/counters.ts';
import { eventually } from '../../support/eventually.ts';

/** A daemon that others kept off the processor for a while between any two looks at the clock. */
function heldUp(ms: number): Disposable {
	const { now } = performance;
	let ahead = 0;
	performance.now = () => {
		ahead += ms;
		return now.call(performance) + ahead;
	};
	return {
		[Symbol.dispose]() {
			performance.now = now;
		},
	};
}

test('what is noticed on a busy machine is looked at without a warning about a time that has passed', async () => {
	const warnings: string[] = [];
	const hear = ({ message }: Error) => void warnings.push(message);
	process.on('warning', hear);
	let looks = 0;
	const ruleLock = async (act: () => Promise<unknown>) => {
		looks += 1;
		return act();
	};
	const state = { ruleLock, context: {}, applied: undefined } as unknown as DaemonState;
	const deps = {
		log: () => undefined,
		counters: createCounters(),
		ruleManagers: () => [],
		cpuTimeMs: () => 0,
		clock: systemClock,
	} as unknown as DaemonDependencies;
	const drift = createDrift(state, deps);
	{
		using _ = heldUp(5);
		for (let at = 1; at <= 10; at += 1) {
			drift.onChange({ subject: 'routes', by: '', isOwn: true });
			await eventually(
				() => looks,
				(seen) => seen === at,
			);
		}
	}
	process.off('warning', hear);
	assert.deepEqual(warnings, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepairScheduler } from '../../../src/daemon/repair-scheduler.ts';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** A daemon that others kept off the processor for a while between any two looks at the clock. */
function heldUp(ms: number): Clock {
	let aheadMs = 0;
	return {
		...systemClock,
		nowMs() {
			aheadMs += ms;
			return systemClock.nowMs() + aheadMs;
		},
	};
}

test('what is noticed on a busy machine is checked without a warning about a time that has passed', async () => {
	const warnings: string[] = [];
	const receive = ({ message }: Error) => void warnings.push(message);
	process.on('warning', receive);
	let checks = 0;
	const { enqueue } = createRepairScheduler(
		heldUp(5),
		() => 0,
		async () => {
			checks += 1;
			return true;
		},
	);
	for (let at = 1; at <= 10; at += 1) {
		enqueue(['routes'], '', { isOwn: true });
		await eventually(
			() => checks,
			(seen) => seen === at,
		);
	}
	process.off('warning', receive);
	assert.deepEqual(warnings, []);
});

test('what is noticed during a check waits for its end: there is never a second one beside it', async () => {
	const clock = createFakeClock();
	const begun: string[][] = [];
	const held = Promise.withResolvers<boolean>();
	const { enqueue } = createRepairScheduler(
		clock,
		() => 0,
		({ scopes }) => {
			begun.push([...scopes]);
			return begun.length === 1 ? held.promise : Promise.resolve(true);
		},
	);
	enqueue(['routes'], '');
	await clock.advance(10);
	enqueue(['everything'], '');
	enqueue(['routes'], '');
	await clock.advance(1_000);
	assert.deepEqual(begun, [['routes']]);
	held.resolve(true);
	await clock.advance(10);
	assert.deepEqual(begun, [['routes'], ['everything', 'routes']]);
});

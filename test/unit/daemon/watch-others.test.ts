import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOthersWatch } from '../../../src/daemon/watch-others.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** So many rounds of two seconds each; `at` is called in the middle of each with its number. */
async function watch(rounds: number, at: (round: number, world: World) => void): Promise<World> {
	const stop = new AbortController();
	const world: World = {
		looks: [],
		told: [],
		why: '',
		isUnseen: false,
		isStale: false,
		isFailing: false,
		touch: () => undefined,
	};
	const clock = createFakeClock();
	const others = createOthersWatch(clock, {
		async check() {
			world.looks.push(clock.nowMs() / 2_000);
			if (world.isStale) world.isUnseen = true;
			if (world.isFailing) throw new Error('the kernel does not say');
			return world.why === '' ? [] : [{ subject: 'order', ok: false, why: world.why, remedy: '' }];
		},
		onChange: (why) => world.told.push(why),
		mayChangeUnseen: () => world.isUnseen,
	});
	world.touch = others.touch;
	at(0, world);
	const over = others.run(stop.signal);
	for (let round = 1; round < rounds; round += 1) {
		await clock.advance(1_000);
		at(round, world);
		await clock.advance(1_000);
	}
	stop.abort();
	await over;
	assert.equal(clock.timers(), 0);
	return world;
}

interface World {
	readonly looks: number[];
	readonly told: string[];
	why: string;
	isUnseen: boolean;
	/** What is looked at is older than what is there. */
	isStale: boolean;
	isFailing: boolean;
	touch: () => void;
}

test("while nobody commits anything others' rules are looked at once a minute", async () => {
	assert.deepEqual((await watch(65, () => undefined)).looks, [0, 30, 60]);
});

test('after a commit they are looked at within two seconds, and what is wrong is told once', async () => {
	const { looks, told } = await watch(10, (round, world) => {
		if (round === 3) world.why = 'a chain comes first';
		if (round === 3 || round === 5) world.touch();
	});
	assert.deepEqual([looks, told], [[0, 3, 5], ['a chain comes first']]);
});

test('where changes cannot be watched they are looked at every two seconds', async () => {
	const { looks } = await watch(4, (_, world) => {
		world.isUnseen = true;
	});
	assert.deepEqual(looks, [0, 1, 2, 3]);
});

test('somebody who commits all the time makes it look once in two seconds', async () => {
	const { looks } = await watch(6, (_, world) => {
		world.touch();
		world.touch();
	});
	assert.deepEqual(looks, [0, 1, 2, 3, 4, 5]);
});

test('while nothing happens the process is woken once in ten seconds', async () => {
	const clock = createFakeClock();
	let wakes = 0;
	const counted = {
		...clock,
		after(ms: number, act: () => void) {
			wakes += 1;
			return clock.after(ms, act);
		},
	};
	const stop = new AbortController();
	const nothing = { check: async () => [], onChange: () => undefined, mayChangeUnseen: () => false };
	const over = createOthersWatch(counted, nothing).run(stop.signal);
	await clock.advance(60_000);
	stop.abort();
	await over;
	// The seventh was to come.
	assert.equal(wakes, 7);
});

test('what was older than what is there is looked at again, also where somebody else has read it anew by then', async () => {
	const { looks } = await watch(6, (round, world) => {
		if (round === 2) world.touch();
		world.isStale = round === 2;
		world.isUnseen = false;
	});
	assert.deepEqual(looks, [0, 2, 3]);
});

test('a look that failed is made again', async () => {
	const { looks } = await watch(6, (round, world) => {
		world.isFailing = round < 2;
	});
	assert.deepEqual(looks, [0, 1, 2]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOthersWatch } from '../../../src/daemon/watch-others.ts';
import type { Clock } from '../../../src/lib/clock.ts';

/** So many looks of two seconds each; `at` is called before each with its number. */
async function watch(rounds: number, at: (round: number, world: World) => void): Promise<World> {
	const stop = new AbortController();
	const world: World = { looks: [], told: [], why: '', isUnseen: false, isFailing: false, touch: () => undefined };
	let round = 0;
	const clock: Pick<Clock, 'nowMs' | 'sleep'> = {
		nowMs: () => round * 2_000,
		async sleep() {
			round += 1;
			if (round === rounds) stop.abort();
			at(round, world);
		},
	};
	const others = createOthersWatch(clock as Clock, {
		async check() {
			world.looks.push(round);
			if (world.isFailing) throw new Error('the kernel does not say');
			return world.why === '' ? [] : [{ subject: 'order', ok: false, why: world.why, remedy: '' }];
		},
		onChange: (why) => world.told.push(why),
		mayChangeUnseen: () => world.isUnseen,
	});
	world.touch = others.touch;
	at(0, world);
	await others.run(stop.signal);
	return world;
}

interface World {
	readonly looks: number[];
	readonly told: string[];
	why: string;
	isUnseen: boolean;
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

test('a look that failed is made again', async () => {
	const { looks } = await watch(6, (round, world) => {
		world.isFailing = round < 2;
	});
	assert.deepEqual(looks, [0, 1, 2]);
});

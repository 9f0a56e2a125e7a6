import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPersistentState } from '../../../src/daemon/persisted-state.ts';
import type { State } from '../../../src/daemon/stores.ts';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';

/** A disk that takes what it is given, or does not. */
function createDisk(broken = '') {
	const disk = { written: [] as State[], isTransient: true, isFull: false, fails: false, logged: [] as string[] };
	const failure = new Failure('state', 'Cannot write /s: its disk is full', 'Free some space');
	const store = {
		read: () => ({ state: {}, broken }),
		write(state: State) {
			if (disk.isFull) return { failure, isTransient: disk.isTransient };
			disk.written.push(state);
			return undefined;
		},
		published: async () => (disk.fails ? { failure, isTransient: true } : undefined),
	};
	return { disk, memory: createPersistentState(store, (_, event) => disk.logged.push(event), 20) };
}

const [on, off] = [{ wanted: 'enabled' }, { wanted: 'disabled' }] as const;

test('what a full disk does not take is held, told once, and written when there is room', async () => {
	const { disk, memory } = createDisk();
	memory.write(on);
	disk.isFull = true;
	memory.write(off);
	memory.write(on);
	memory.write(off);
	assert.deepEqual(memory.read(), off);
	assert.deepEqual(memory.problem(), {
		why: 'a restart would forget what was said last: Cannot write /s: its disk is full',
		remedy: 'Free some space',
	});
	disk.isFull = false;
	await eventually(memory.problem, (trouble) => trouble === undefined);
	assert.deepEqual(disk.written, [on, off]);
	assert.deepEqual(disk.logged, ['state not written', 'state written']);
});

test('a folder that never can be written is refused at the start, and borne with once we run', () => {
	const { disk, memory } = createDisk();
	Object.assign(disk, { isFull: true, isTransient: false });
	assert.throws(() => memory.write(on), { code: 'state' });
	disk.isFull = false;
	memory.write(on);
	disk.isFull = true;
	memory.write(off);
	assert.match(memory.problem()?.why ?? '', /would forget/);
});

test('that something was set aside is told until it is said anew what is wanted', () => {
	const { disk, memory } = createDisk('/s could not be used');
	assert.deepEqual(disk.logged, ['state set aside']);
	memory.write({});
	assert.match(memory.problem()?.why ?? '', /could not be used/);
	assert.match(memory.problem()?.remedy ?? '', /turnout enable/);
	memory.write(on);
	assert.equal(memory.problem(), undefined);
});

test('what the disk fails to take behind our back is told, tried again, and counts as kept no sooner', async () => {
	const { disk, memory } = createDisk();
	const kept: string[] = [];
	memory.whenDurable(() => kept.push('nothing was said yet'));
	assert.deepEqual(kept, ['nothing was said yet']);
	disk.fails = true;
	memory.write(on);
	memory.whenDurable(() => kept.push('on'));
	await eventually(memory.problem, (trouble) => trouble !== undefined);
	assert.match(memory.problem()?.why ?? '', /would forget/);
	await eventually(
		() => disk.written.length,
		(times) => times > 1,
	);
	assert.deepEqual(kept, ['nothing was said yet']);
	disk.fails = false;
	await eventually(memory.problem, (trouble) => trouble === undefined);
	assert.deepEqual(kept, ['nothing was said yet', 'on']);
	assert.deepEqual(disk.logged, ['state not written', 'state written']);
});

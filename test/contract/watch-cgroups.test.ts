// What is noticed of cgroups that a real kernel makes and removes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCgroups } from '../../src/host/cgroups/find-cgroups.ts';
import { watchCgroups } from '../../src/host/cgroups/watch-cgroups.ts';
import { parseUnits, type Unit } from '../../src/values/unit-name.ts';
import { createSlice } from '../lab/net/cgroups.ts';
import { eventually } from '../support/eventually.ts';

/** One for each time that it has called back. */
function watching(units: readonly Unit[], signal: AbortSignal): readonly true[] {
	const notices: true[] = [];
	watchCgroups(units, { onChange: () => void notices.push(true), onBlind: (why) => assert.fail(why) }, signal);
	return notices;
}

test('a cgroup of a named unit, or of a path, is noticed when it comes, goes and comes again, and no other one', async () => {
	using slice = createSlice();
	const path = `${slice.path}/by-path`;
	const units = parseUnits(`agent.service,${path}`);
	const ending = new AbortController();
	const notices = watching(units, ending.signal);
	const noticed = async (act: () => void): Promise<readonly string[]> => {
		const before = notices.length;
		act();
		await eventually(
			() => notices.length,
			(now) => now > before,
		);
		return findCgroups(units).map(({ unit }) => unit);
	};
	assert.deepEqual(await noticed(() => slice.start('agent.service')), ['agent.service']);
	const [first] = findCgroups(units);
	assert.deepEqual(await noticed(() => slice.start('by-path')), ['agent.service', path]);
	assert.deepEqual(await noticed(() => slice.end('agent.service')), [path]);
	await noticed(() => slice.start('agent.service'));
	const [second] = findCgroups(units);
	assert.equal(second?.path, first?.path);
	assert.notEqual(second?.id, first?.id);
	const before = notices.length;
	slice.start('other.service');
	slice.end('other.service');
	await sleep(200);
	assert.equal(notices.length, before);
	ending.abort();
	slice.end('agent.service');
	await sleep(200);
	assert.equal(notices.length, before);
});

test('a unit in a slice that is new itself is noticed', async () => {
	using slice = createSlice();
	const units = parseUnits('agent.service');
	const ending = new AbortController();
	const notices = watching(units, ending.signal);
	slice.start('inner.slice');
	await eventually(
		() => notices.length,
		(now) => now > 0,
	);
	const before = notices.length;
	slice.start('inner.slice/agent.service');
	await eventually(
		() => notices.length,
		(now) => now > before,
	);
	assert.deepEqual(
		findCgroups(units).map(({ path }) => path),
		[`${slice.path}/inner.slice/agent.service`],
	);
	ending.abort();
	slice.end('inner.slice/agent.service');
});

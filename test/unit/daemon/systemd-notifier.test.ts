import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemdNotifier } from '../../../src/daemon/systemd-notifier.ts';
import { eventually } from '../../support/eventually.ts';

/** Everything that systemd hears, a message an entry. */
function listen(patienceMs: number) {
	const heard: string[] = [];
	const notify = async (words: readonly string[]) => void heard.push(words.join(' '));
	return { heard, manager: { notify, patienceMs } };
}

const hears = (heard: readonly string[], last: string) =>
	eventually(
		() => heard.at(-1),
		(seen) => seen === last,
	);

test('systemd is given sign after sign of life, and more time while the start goes on', async () => {
	const { heard, manager } = listen(50);
	using report = createSystemdNotifier(
		manager,
		() => Promise.reject(new Error('not known yet')),
		() => undefined,
	);
	await hears(heard, 'WATCHDOG=1 EXTEND_TIMEOUT_USEC=50000');
	report.ready();
	await eventually(
		() => heard,
		(all) => all.includes('READY=1'),
	);
	await hears(heard, 'WATCHDOG=1');
	heard.length = 0;
	await eventually(
		() => heard.length,
		(count) => count > 2,
	);
	assert.deepEqual([...new Set(heard)], ['WATCHDOG=1']);
});

test('where systemd waits for months the signs of life are not told a thousand times a second', async () => {
	const { heard, manager } = listen(60 * 86_400_000);
	using _ = createSystemdNotifier(
		manager,
		async () => 'enabled',
		() => undefined,
	);
	await sleep(50);
	assert.deepEqual(heard, []);
});

test('how it is is told when it has changed, and several events in a row are told as one', async () => {
	const { heard, manager } = listen(60_000);
	let [now, asked] = ['waiting', 0];
	const line = async () => {
		asked += 1;
		return now;
	};
	using report = createSystemdNotifier(manager, line, () => undefined);
	const changed = async (times: number) => {
		const before = asked;
		for (let count = 0; count < times; count += 1) report.changed();
		await eventually(
			() => asked,
			(count) => count > before,
		);
	};
	await changed(5);
	await changed(1);
	assert.deepEqual(heard, ['STATUS=waiting']);
	assert.equal(asked, 2);
	now = 'enabled';
	await changed(1);
	await hears(heard, 'STATUS=enabled');
	report.stopping();
	assert.match(heard.at(-1) ?? '', /^STOPPING=1 STATUS=stopping/);
});

test('whoever waits for it to be ready sees then how it is', async () => {
	const { heard, manager } = listen(60_000);
	using report = createSystemdNotifier(
		manager,
		async () => 'enabled',
		() => undefined,
	);
	report.ready();
	await hears(heard, 'READY=1 STATUS=enabled');
	report.stopping();
});

test('without systemd nothing is told and nothing is waited for', () => {
	using report = createSystemdNotifier(
		undefined,
		() => assert.fail('asked'),
		() => undefined,
	);
	report.changed();
	report.ready();
	report.stopping();
	assert.deepEqual(
		process.getActiveResourcesInfo().filter((name) => name === 'Timeout'),
		[],
	);
});

// A disk that is full, read-only, or holds nonsense: rules follow what is said, and status tells what a restart would forget.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Status } from '../../../src/status/types.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, type TestDaemon, turnoutProgram } from '../../lab/turnout.ts';
import { ownLines, rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';
import { withMount } from '../../support/without.ts';

describe('a daemon whose disk fails', async () => {
	const { host, untouched, start } = suiteStack().use(await createDaemonHost({ envoy: [15000, 15001] }));
	const args = ['--app-ports', '8080'];

	/** The disk is seen by the daemon alone: whoever wants to see it too has to look with its eyes. */
	function besides(daemon: TestDaemon) {
		const inside = ['--mount', `--target=${daemon.process.pid}`, '--'];
		return {
			run: (...command: string[]) =>
				execFileSync('nsenter', [...inside, ...command], { encoding: 'utf8', stdio: 'pipe' }),
			ask: (...words: string[]) =>
				host.tryRun('nsenter', [...inside, turnoutProgram, ...words, '--socket', daemon.socket]),
		};
	}
	type Beside = ReturnType<typeof besides>;
	const conditionOf = (beside: Beside) => {
		const { conditions } = JSON.parse(beside.ask('status', '--json').stdout) as Status;
		return conditions.find(({ subject }) => subject === 'state');
	};
	const whyOf = (beside: Beside): string => {
		const condition = conditionOf(beside);
		return condition === undefined || condition.ok ? '' : `${condition.why} | ${condition.remedy}`;
	};
	const fill = (path: string) => ['sh', '-c', 'head -c 70000 /dev/zero 2>/dev/null > "$0" || true', path];

	const disks = [
		['read-only', 'ro', ':', 'state', 'remount,rw,size=64k', /its file system is read-only/],
		['read-only, where its folder is to be made', 'ro', ':', 'deep/er', 'remount,rw,size=64k', /is read-only/],
		['full', 'size=4k', 'head -c 4096 /dev/zero > "$1/fill"', '.', 'remount,size=64k', /its disk is full/],
	] as const;
	for (const [what, options, then, below, remedy, why] of disks)
		test(`a disk that is ${what} blocks no rule, and the desired state is written once that is possible`, async () => {
			using scratch = createScratch('disk');
			const folder = join(scratch.path, 'mounted');
			const own = ['--state-directory', join(folder, below), '--start-enabled', '1'];
			const through = withMount(folder, options, then);
			await using daemon = await startElsewhere(scratch.path, [...args, ...own], through);
			assert.match(daemon.log(), /"event":"state not written","why":"Cannot write /);
			const beside = besides(daemon);
			assert.match(whyOf(beside), why);
			assert.match(whyOf(beside), /a restart would forget .* free some space/);
			assert.notEqual(ownLines(host), 0);
			assert.equal(beside.ask('disable').code, 0);
			assert.equal(rulesOf(host), untouched);
			assert.match(beside.ask('enable').stdout, /!! {2}state: a restart would forget what was said last/);
			assert.equal(beside.ask('wait', '--timeout', '5').code, 0);
			beside.run('mount', '-o', remedy, folder);
			await eventually(
				() => whyOf(beside),
				(now) => now === '',
			);
			const text = beside.run('cat', join(folder, below, 'state.json'));
			assert.equal(JSON.parse(text).wanted, 'enabled');
			await eventually(daemon.log, (log) => log.includes('"event":"state written"'));
			assert.equal(await daemon.stop(), 0);
			assert.equal(rulesOf(host), untouched);
		});

	/** Its socket is not on that disk. */
	const startElsewhere = (folder: string, more: readonly string[], through: readonly string[]) =>
		startDaemon(host, { folder, args: more, through });

	test('enable and disable work when the disk fills up or becomes read-only', async () => {
		using scratch = createScratch('disk');
		const folder = join(scratch.path, 'mounted');
		const own = ['--state-directory', join(folder, 'state')];
		await using daemon = await startElsewhere(scratch.path, [...args, ...own], withMount(folder, 'size=64k'));
		const beside = besides(daemon);
		const remembered = (wanted: string) =>
			eventually(
				() => JSON.parse(beside.run('cat', join(folder, 'state/state.json'))).wanted,
				(now) => now === wanted,
			);
		assert.equal(whyOf(beside), '');
		const troubles = [
			[fill(join(folder, 'fill')), ['rm', join(folder, 'fill')], /its disk is full/],
			[['mount', '-o', 'remount,ro', folder], ['mount', '-o', 'remount,rw', folder], /read-only/],
		] as const;
		for (const [trouble, cure, why] of troubles) {
			assert.equal(beside.ask('disable').code, 0);
			await remembered('disabled');
			beside.run(...trouble);
			assert.equal(beside.ask('enable').code, 0);
			assert.match(whyOf(beside), why);
			assert.equal(beside.ask('diff').code, 0);
			assert.equal(beside.ask('disable').code, 0);
			assert.equal(rulesOf(host), untouched);
			assert.equal(beside.ask('enable').code, 0);
			await remembered('disabled');
			beside.run(...cure);
			// The next wish writes it at once, and if there is none it is written by itself.
			assert.equal(beside.ask('enable').code, 0);
			await remembered('enabled');
			await eventually(
				() => whyOf(beside),
				(now) => now === '',
			);
		}
		assert.equal(await daemon.stop(), 0);
	});

	const nonsense = ['{"wanted":"rm"', '{"wanted":"rm","since":5,"dialect":{}}', '\0\u0001\0', 'a folder'];
	for (const text of nonsense)
		test(`a state file that holds ${JSON.stringify(text)} is set aside and told, and the defaults hold until it is said anew`, async () => {
			using scratch = createScratch('disk');
			const state = join(scratch.path, 'state/state.json');
			if (text === 'a folder') mkdirSync(state, { recursive: true });
			else writeInto(state, text);
			await using daemon = await start(args, { folder: scratch.path });
			assert.match(daemon.log(), /"event":"state set aside","why":".*state\.json could not be used/);
			assert.match(daemon.log(), /"event":"ready"/);
			assert.partialDeepStrictEqual(daemon.status(), { wanted: 'disabled', backend: { name: 'iptables-nft' } });
			assert.match(daemon.ask('status').stdout, /!! {2}state: .* set aside as .*state\.json\.broken/);
			assert.match(daemon.ask('status').stdout, /turnout enable, or turnout disable/);
			if (text !== 'a folder') assert.equal(readFileSync(`${state}.broken`, 'utf8'), text);
			assert.equal(daemon.ask('enable').code, 0);
			assert.ok(daemon.status().conditions.find(({ subject }) => subject === 'state')?.ok);
			await remembersEnabled(state);
		});

	/** The disk has it a moment after the rules. */
	const remembersEnabled = (path: string) =>
		eventually(
			() => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).wanted : undefined),
			(wanted) => wanted === 'enabled',
		);

	function writeInto(path: string, text: string): void {
		mkdirSync(join(path, '..'));
		writeFileSync(path, text);
	}

	const asStranger = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
	test('a state file without read permission is set aside, and a state folder without write permission is refused', async () => {
		using scratch = createScratch('disk');
		const state = join(scratch.path, 'state/state.json');
		writeInto(state, '{"wanted":"enabled"}');
		chmodSync(state, 0o600);
		chownSync(state, 1000, 1000);
		{
			await using daemon = await start(args, { folder: scratch.path, through: asStranger });
			assert.match(daemon.ask('status').stdout, /!! {2}state: .* \(permission denied\) and was set aside as /);
			assert.equal(daemon.status().wanted, 'disabled');
		}
		chownSync(join(state, '..'), 1000, 1000);
		chmodSync(join(state, '..'), 0o500);
		await using refused = await start(args, { folder: scratch.path, through: asStranger });
		assert.equal(await refused.ended, 1);
		assert.match(refused.log(), /^turnout: Cannot write .*state\.json: permission denied\nMake it writable/m);
		assert.equal(rulesOf(host), untouched);
	});

	test('a state folder that is deleted is recreated with the next change', async () => {
		using scratch = createScratch('disk');
		await using daemon = await start(args, { folder: scratch.path });
		const state = join(scratch.path, 'state');
		execFileSync('rm', ['-r', state]);
		assert.equal(daemon.ask('enable').code, 0);
		await remembersEnabled(join(state, 'state.json'));
		execFileSync('rm', ['-r', state]);
		writeFileSync(state, 'a file in its place');
		assert.match(
			daemon.ask('disable').stdout,
			/!! {2}state: a restart would forget .* a part of the path is not a directory/,
		);
		assert.equal(rulesOf(host), untouched);
	});
});

// What keeps a daemon from starting, or from doing what it is told: another daemon, its socket, its state directory.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { wholeRulesOf } from '../../support/daemon.ts';
import { assertRefused, assertRefusedJson } from '../../support/refusal.ts';
import { createVictim } from '../../support/victim.ts';
import { withMount } from '../../support/without.ts';

const victim = createVictim();
after(() => victim[Symbol.dispose]());
const inside = (...parts: string[]): string => join(victim.folder, ...parts);

test('a second daemon is refused, and the first is not disturbed', async () => {
	using lab = createHost({ container: false });
	await using first = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const before = { host: snapshotHost(lab.host), status: first.status(), log: first.log() };
	for (const more of [
		['--app-ports', '9090'],
		['--envoy-runtime', 'process', '--envoy-command', '/bin/false', '--json'],
	]) {
		const own = ['--socket', first.socket, '--state-directory', join(first.folder, 'state')];
		const outcome = turnout(lab.host, ['run', '--no-prompt', ...own, ...more]);
		const refusal = { says: ['Cannot start a second daemon', first.socket, 'turnout prompt'] };
		(more.includes('--json') ? assertRefusedJson : assertRefused)(outcome, refusal);
	}
	assert.deepEqual(readdirSync(join(first.folder, 'state')), ['state.json']);
	assert.deepEqual(snapshotHost(lab.host), before.host);
	assert.deepEqual(first.status(), before.status);
	assert.equal(first.log(), before.log);
});

test('the socket, state and rules of a killed daemon are taken over', async () => {
	using lab = createHost({ container: false });
	await using killed = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	killed.ask('enable');
	assert.equal(killed.status().is, 'enabled');
	await wholeRulesOf(lab.host);
	killed.process.kill('SIGKILL');
	await killed.ended;
	const before = snapshotHost(lab.host);
	assert.ok(existsSync(killed.socket));
	assert.equal(killed.ask('status').code, 3);
	await using heir = await startDaemon(lab.host, { args: ['--app-ports', '8080'], folder: killed.folder });
	assert.equal(heir.status().is, 'enabled', heir.log());
	assert.deepEqual(snapshotHost(lab.host), before);
});

const noSockets: readonly (readonly [title: string, make: (path: string) => void, says: RegExp])[] = [
	['a file', (path) => writeFileSync(path, 'precious'), /the path exists and is not a socket/],
	['a folder', (path) => mkdirSync(path), /the path exists and is not a socket/],
	['below a file', (path) => writeFileSync(join(path, '..'), 'precious'), /a part of the path is not a directory/],
];

for (const [title, make, says] of noSockets)
	test(`a socket path that is ${title} is refused, and what is there is kept`, async () => {
		const path = title === 'below a file' ? inside('file below', 'x.sock') : inside(`${title}.sock`);
		make(path);
		const outcome = await victim.daemon(['--app-ports', '8080', '--socket', path]);
		assertRefused(outcome, { says: ['Cannot listen on', path, says, 'TURNOUT_SOCKET'] });
		if (title === 'a file') assert.equal(readFileSync(path, 'utf8'), 'precious');
		assert.ok(existsSync(path) || title === 'below a file');
		await victim.assertUntouched();
	});

test('a socket in a folder that is read-only is refused', async () => {
	for (const path of [inside('ro', 'x.sock'), inside('ro', 'deep', 'er', 'x.sock')]) {
		const through = withMount(inside('ro'), 'ro');
		assertRefused(await victim.daemon(['--socket', path], { through }), {
			says: [path, /read-only/, 'TURNOUT_SOCKET'],
		});
	}
	await victim.assertUntouched();
});

const states: readonly (readonly [title: string, path: string, through: readonly string[], says: RegExp])[] = [
	['that is a file', 'plain', [], /a part of the path is not a directory/],
	['below a file', 'plain/below', [], /a part of the path is not a directory/],
];
const disks: typeof states = [
	['that is read-only', 'ro', withMount(inside('ro'), 'ro'), /read-only/],
	['whose folder is to be made on a read-only disk', 'ro/deep/er', withMount(inside('ro'), 'ro'), /read-only/],
	['that is full', 'full', withMount(inside('full'), 'size=4k', 'head -c 4096 /dev/zero > "$1/fill"'), /disk is full/],
];

for (const [title, path, through, says] of [...states, ...disks])
	test(`a state directory ${title} is refused where an Envoy of ours needs its bootstrap there`, async () => {
		const args = ['--app-ports', '8080', '--start-enabled', '1', '--state-directory', inside(path)];
		writeFileSync(inside('plain'), 'precious');
		const wanted = { says: ['Cannot write', inside(path), says, 'TURNOUT_STATE_DIRECTORY'] };
		const envoy = ['--envoy-runtime', 'process', '--envoy-command', '/bin/true'];
		assertRefusedJson(await victim.daemon([...args, '--json', ...envoy], { through }), wanted);
		if (path.startsWith('plain')) assertRefused(await victim.daemon(args, { through }), wanted);
		assert.equal(readFileSync(inside('plain'), 'utf8'), 'precious');
		await victim.assertUntouched();
	});

test('a state directory that is of no use does not keep init from its work', () => {
	using lab = createHost({ container: false });
	assert.equal(turnout(lab.host, ['init', '--state-directory', '/dev/null/x']).code, 0);
});

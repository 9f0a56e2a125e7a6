import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { demo, markOf, pidOf, remainsOf, startOnTerminal } from '../../support/demo-run.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { isFull } from '../../support/rounds.ts';
import type { Terminal } from '../../support/terminal.ts';

/** It takes what ten other tests take; `scripts/test --full` has time for it. */
const atLength = isFull ? test : () => undefined;

const table = `
                          before  enabled        disabled cleaned
out of the host ─────────────────────────────────────────────────
app → remote:443          remote  remote  ↑out 2 remote   remote
root → remote:443         remote  remote  ↑out 2 remote   remote
app → remote:22, metadata remote  remote         remote   remote
app → ignored port, IP    remote  remote         remote   remote
Envoy's uid, gid → remote remote  remote         remote   remote
app → loopback, own IP    app     app            app      app
into the host ───────────────────────────────────────────────────
remote → host:8081 (app)  app     app      ↓in 2 app      app
remote → host:8080 (shop) shop    shop     ↓in 2 shop     shop
remote → host:22, :9090   app     app            app      app
remote → :15000, :15001   refused dropped        closed   refused
containers ──────────────────────────────────────────────────────
shop → remote:443, :8080  remote  remote         remote   remote
shop → host:9090          app     app            app      app
meshed → remote:443       remote  remote  ↑out 2 remote   remote
─────────────────────────────────────────────────────────────────
Envoy's own counters      –       ↓4 ↑6          ↓0 ↑0    –
`;

test('the demo shows who answers each connection, proves that the host is what it was, and leaves nothing', async () => {
	const child = spawn(demo, { stdio: 'pipe', env: { ...process.env, ...markOf('plain') } });
	const { code, stdout, stderr } = await outcomeOf(child);
	assert.equal(stderr, '');
	assert.ok(stdout.includes(table), stdout);
	assert.match(stdout, /✓ 168 connections, and each was answered by whom it should be\./);
	assert.match(stdout, /✓ The host is byte for byte what it was/);
	assert.equal(code, 0);
	assert.ok(!stdout.includes('\u001b'), 'colours are for terminals');
	for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
	assert.deepEqual(remainsOf('plain', child.pid ?? 0), []);
});

test('with --keep the visitor enables and disables at the prompt, and leaving it takes everything down', async () => {
	// A terminal on which the table has no place to be drawn over itself.
	using terminal = startOnTerminal('keep', '--keep', 'stty rows 20');
	for (const step of [/turnout run/, /turnout enable/, /turnout clean/, /quit.*leave/]) await terminal.shows(step);
	const [dial = ''] = /nsenter .*\/443'/.exec(terminal.screen()) ?? [];
	const conversation = [
		['status\r', /interception +disabled/],
		['enable\r', /interception +enabled/],
	] as const;
	for (const [keys, answer] of conversation) await say(terminal, keys, answer);
	assert.equal(execFileSync('sh', ['-c', dial], { encoding: 'utf8' }), 'remote\n');
	await say(terminal, 'logs -f\r', /egress 10\.77\.0\.2:\d+ -> 203\.0\.113\.10:443/);
	// Ctrl-C ends what follows, and no more than that.
	await say(terminal, '\u0003', /> /);
	await say(terminal, 'status\r', /0 in, 1 out/);
	await say(terminal, 'disable\r', /interception +disabled/);
	const pid = pidOf('keep');
	await say(terminal, 'quit\r', /The little world is gone again/);
	await terminal.shows(/ echo /);
	assert.equal(await terminal.ended, 0);
	assert.deepEqual(remainsOf('keep', pid), []);
});

atLength('Ctrl-C in the middle leaves nothing', async () => {
	using terminal = startOnTerminal('stopped', '', 'trap : INT');
	for (const step of [/turnout run/, /turnout enable/]) await terminal.shows(step);
	const pid = pidOf('stopped');
	assert.notDeepEqual(remainsOf('stopped', pid), []);
	terminal.type('\u0003');
	await terminal.shows(/Stopped\. Everything is taken down\.[\s\S]* echo /);
	assert.equal(await terminal.ended, 130);
	assert.deepEqual(remainsOf('stopped', pid), []);
});

atLength(
	'Ctrl-C while the daemons of the mesh run, which put back what is taken from under them, leaves nothing',
	async () => {
		using terminal = startOnTerminal('mesh', '--mesh', 'trap : INT');
		await terminal.shows(/weights 90 and 10/);
		const pid = pidOf('mesh');
		terminal.type('\u0003');
		await terminal.shows(/Stopped\. Everything is taken down\.[\s\S]* echo /);
		assert.equal(await terminal.ended, 130);
		assert.deepEqual(remainsOf('mesh', pid), []);
	},
);

const dockerTable = `
                          before  enabled        after update   disabled cleaned
out of the host ────────────────────────────────────────────────────────────────
app → remote:443          remote  remote  ↑out 2 remote  ↑out 2 remote   remote
root → remote:443         remote  remote  ↑out 2 remote  ↑out 2 remote   remote
app → remote:22, metadata remote  remote         remote         remote   remote
app → ignored port, IP    remote  remote         remote         remote   remote
Envoy's uid, gid → remote remote  remote         remote         remote   remote
app → loopback, own IP    app     app            app            app      app
into the host ──────────────────────────────────────────────────────────────────
remote → host:8081 (app)  app     app      ↓in 2 app      ↓in 2 app      app
remote → host:8080 (shop) shop    shop     ↓in 2 shop     ↓in 2 shop     shop
remote → host:22, :9090   app     app            app            app      app
remote → :15000, :15001   refused dropped        dropped        closed   refused
containers ─────────────────────────────────────────────────────────────────────
shop → remote:443, :8080  remote  remote         remote         remote   remote
shop → host:9090          app     app            app            app      app
meshed → remote:443       remote  remote  ↑out 2 remote  ↑out 2 remote   remote
────────────────────────────────────────────────────────────────────────────────
Envoy's own counters      –       ↓4 ↑6          ↓4 ↑6          ↓0 ↑0    –
`;

/** What it says of an Envoy that Docker runs, in this order. */
const dockerSteps = [
	/^\$ turnout run +\d/,
	/^ {2}login +[1-9]\d* requests to 169\.254\.169\.254 for the role's keys, 1 to ECR with them$/,
	/^ {2}pulled +1 layer, [1-9]\d*\.\d MB in /,
	/^ {2}LIVE +user 1337:1337, capabilities dropped: ALL/,
	/^\$ turnout enable/,
	/^\$ turnout update --image …:v2/,
	/^ {2}pulled +1 layer, [1-9]\d*\.\d MB in /,
	/^ {2}load +8 clients, \d+ connections, 0 failed/,
	/^ {2}former +has ended/,
	/^\$ turnout disable/,
	/^\$ turnout clean/,
	/^✓ 210 connections, and each was answered by whom it should be\.$/,
	/^✓ [1-9]\d+ more while Envoy was replaced: none failed or got past, one stayed\.$/,
	/^✓ No password or key /,
	/^✓ Docker has no container of turnout's any more\.$/,
	/^✓ The host is byte for byte what it was/,
];

atLength(
	'with Docker the demo pulls Envoy with a login from ECR, replaces it under load, and leaves nothing',
	async () => {
		const child = spawn(demo, ['--docker'], { stdio: 'pipe', env: { ...process.env, ...markOf('docker') } });
		const { code, stdout, stderr } = await outcomeOf(child);
		assert.equal(stderr, '');
		assert.ok(stdout.includes(dockerTable), stdout);
		const lines = stdout.split('\n');
		let at = 0;
		for (const step of dockerSteps) {
			const found = lines.slice(at).findIndex((line) => step.test(line));
			assert.ok(found >= 0, `${step} is missing, or too early: ${stdout}`);
			at += found + 1;
		}
		assert.equal(code, 0);
		for (const line of lines) assert.ok(line.length <= 80, line);
		assert.deepEqual(remainsOf('docker', child.pid ?? 0), []);
	},
);

/** Until a Docker and all that it needs are there, on a machine that does much else. */
const DOCKER_MS = 300_000;

atLength('the demo with Docker draws how the pull goes on, and Ctrl-C in the middle of it leaves nothing', async () => {
	using terminal = startOnTerminal('pulling', '--docker', 'trap : INT');
	await terminal.shows(/ \d+% +[\d.]+\/[\d.]+ MB +[01]\/1 layers/, DOCKER_MS);
	const pid = pidOf('pulling');
	assert.notDeepEqual(remainsOf('pulling', pid), []);
	terminal.type('\u0003');
	await terminal.shows(/Stopped\. Everything is taken down\.[\s\S]* echo /);
	assert.equal(await terminal.ended, 130);
	assert.deepEqual(remainsOf('pulling', pid), []);
});

test('without root the demo says what it needs, before it does anything', async () => {
	// From standard input: the checkout may lie where this user must not look.
	const child = spawn('runuser', ['-u', 'nobody', '--', 'sh', '-s'], { stdio: 'pipe', cwd: '/' });
	const { code, stdout, stderr } = await outcomeOf(child, readFileSync(demo, 'utf8'));
	assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
	assert.equal(stderr, 'The demo makes a host out of network namespaces and needs root: sudo scripts/demo\n');
});

test('an option that the demo does not know is answered with its usage', async () => {
	const { code, stderr } = await outcomeOf(spawn(demo, ['--kep'], { stdio: 'pipe' }));
	assert.equal(code, 64);
	assert.match(stderr, /there is no option "--kep"\nUsage: scripts\/demo \[--keep\] \[--docker\]/);
	const help = await outcomeOf(spawn(demo, ['--help'], { stdio: 'pipe' }));
	assert.equal(help.code, 0);
	assert.match(help.stdout, /^Usage: scripts\/demo \[--keep\] \[--docker\]/);
});

async function say(terminal: Terminal, keys: string, answer: RegExp): Promise<void> {
	terminal.type(keys);
	await terminal.shows(answer);
}

// Whoever is logged in over a real sshd, and asks with nothing in the environment that says so, as sudo has it.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startSshd } from '../../lab/services/sshd.ts';
import { routeManagerProgram, startDaemon, turnout, turnoutProgram } from '../../lab/turnout.ts';
import { openConnection, startListener } from '../../support/talk.ts';

const PORT = 2222;
/** What sshd has put into the environment is gone, and another program stands in between. */
const withoutEnvironment = (...words: string[]): string =>
	`env -i sh -c '${[turnoutProgram, ...words].join(' ')}; exit $?'`;

const linkLocal = (host: Namespace): string =>
	/inet6 (fe80:\S+)\//.exec(host.run('ip', ['-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link']))?.[1] ?? '';

const warned = (stdout: string): readonly (string | undefined)[] =>
	/^New connections from (\S+) to port (\d+), like your SSH login, are redirected to Envoy from now on; your open one is not affected\./m
		.exec(stdout)
		?.slice(1) ?? [];

test('enable over SSH warns that new sessions like this one go to Envoy: both families, link-local, any port, without SSH_CONNECTION', async (context) => {
	using lab = createHost({ container: false });
	using sshd = await startSshd(lab.host, PORT);
	const ways = [
		['IPv4', addresses.host.v4, addresses.world.v4],
		['IPv6', addresses.host.v6, addresses.world.v6],
		['a link-local address', `${linkLocal(lab.host)}%eth0`, linkLocal(lab.world)],
	] as const;
	for (const [way, address, from] of ways)
		await context.test(`over ${way}`, async () => {
			await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '*'] });
			const enable = ['enable', '--socket', daemon.socket];
			const { stdout } = sshd.from(lab.world, address, withoutEnvironment(...enable));
			assert.deepEqual(warned(stdout), [from, String(PORT)], stdout);
			daemon.ask('disable');
			const said = sshd.from(lab.world, address, [turnoutProgram, ...enable].join(' '));
			assert.deepEqual(warned(said.stdout), [from, String(PORT)], 'with SSH_CONNECTION');
		});
});

test('enable over SSH does not warn where sessions stay direct: an ignored port, source or interface', async () => {
	using lab = createHost({ container: false });
	using sshd = await startSshd(lab.host, PORT);
	for (const args of [
		['--ingress-ignored-ports', String(PORT)],
		['--ingress-ignored-ips', addresses.world.v4],
		['--interfaces-ignored', 'eth0'],
	]) {
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '*', ...args] });
		const { stdout } = sshd.from(lab.world, addresses.host.v4, withoutEnvironment('enable', '--socket', daemon.socket));
		assert.match(stdout, /^interception {2}enabled since /, args.join(' '));
	}
});

test('reload, init and route-manager warn when they capture the SSH session', async () => {
	using lab = createHost({ container: false });
	using sshd = await startSshd(lab.host, PORT);
	using scratch = createScratch('settings');
	const file = join(scratch.path, 'turnout.yaml');
	writeFileSync(file, 'appPorts: 8080\n');
	await using daemon = await startDaemon(lab.host, { args: ['--config', file] });
	daemon.ask('enable');
	writeFileSync(file, 'appPorts: "*"\n');
	const over = (...words: string[]) => sshd.from(lab.world, addresses.host.v4, withoutEnvironment(...words)).stdout;
	const reloaded = over('reload', '--socket', daemon.socket);
	assert.match(reloaded, /^changed: appPorts\nNew connections /);
	assert.deepEqual(warned(reloaded), [addresses.world.v4, String(PORT)]);
	await daemon.stop();
	assert.deepEqual(warned(over('init', '--app-ports=*')), [addresses.world.v4, String(PORT)]);
	turnout(lab.host, ['clean']);
	const variables = 'APPMESH_START_ENABLED=1 APPMESH_IGNORE_UID=1337 APPMESH_APP_PORTS=2222';
	const envoys = 'APPMESH_ENVOY_INGRESS_PORT=15000 APPMESH_ENVOY_EGRESS_PORT=15001';
	const command = `env -i ${variables} ${envoys} sh -c '${routeManagerProgram} </dev/null; exit $?'`;
	const { stdout, stderr } = sshd.from(lab.world, addresses.host.v4, command);
	assert.doesNotMatch(stdout, /SSH/);
	assert.deepEqual(warned(stderr), [addresses.world.v4, String(PORT)], stdout);
	turnout(lab.host, ['clean']);
});

test('--cut-existing ends no SSH session, whoever runs it and wherever sshd listens', async (context) => {
	using lab = createHost({ container: false });
	using sshd = await startSshd(lab.host, PORT);
	using _app = await startListener(lab.host, 'app', 8080);
	using _envoy = await startListener(lab.host, 'ingress', 15000, 1337);
	using _egress = await startListener(lab.host, 'egress', 15001, 1337);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '*'] });
	using shell = openShell(sshd.open(lab.world, addresses.host.v6, 'sh'));
	const cut = ['enable', '--cut-existing', '--socket', daemon.socket];
	await context.test('run in the session', async () => {
		using other = await openConnection(lab.world, addresses.host.v4, 8080);
		shell.type(withoutEnvironment(...cut));
		assert.equal(await shell.next(/ended/), '1 connection was ended, 1 left open');
		other.say('word');
		assert.match(await other.receive(), /^ECONN(RESET|ABORTED)$/);
	});
	await context.test('run outside of the session, as in tmux', () => {
		const { stdout } = turnout(lab.host, cut);
		assert.match(stdout, /^0 connections were ended, 1 left open$/m);
		assert.match(stdout, /^New connections from fd77::1 to port 2222, like an open SSH login, /m);
	});
	shell.type('echo alive');
	assert.equal(await shell.next(/^alive$/), 'alive');
});

test('--cut-existing spares the connection of an agent that runs it', async () => {
	using lab = createHost({ container: false });
	using _remote = await startListener(lab.world, 'service', 443);
	using _egress = await startListener(lab.host, 'egress', 15001, 1337);
	await using daemon = await startDaemon(lab.host);
	using other = await openConnection(lab.host, addresses.remote.v4, 443);
	const cut = ['enable', '--cut-existing', '--socket', daemon.socket];
	const words = [addresses.remote.v4, turnoutProgram, ...cut];
	const agent = openShell(lab.host.spawn(process.execPath, ['--eval', callingAgent, ...words], { cwd: '/' }));
	using _ = agent;
	assert.equal(await agent.next(/ended/), '1 connection was ended, 1 left open');
	assert.equal(await agent.next(/hears/), 'service hears still there');
	other.say('word');
	assert.match(await other.receive(), /^ECONN(RESET|ABORTED)$/);
});

/** As one of SSM's does it: it calls, is told what to run, and hands on what that has said. */
const callingAgent = `
	const [address, program, ...args] = process.argv.slice(1);
	const socket = require('node:net').connect(443, address, () => {
		const child = require('node:child_process').spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
		child.on('close', () => socket.write('still there'));
	});
	socket.on('data', (data) => console.log(String(data))).on('error', (error) => console.log(error.code));`;

interface Shell extends Disposable {
	readonly type: (line: string) => void;
	/** The next line that matches. */
	readonly next: (what: RegExp) => Promise<string>;
}

function openShell(child: ChildProcess): Shell {
	const lines = createInterface({ input: child.stdout ?? assert.fail('it has no output') })[Symbol.asyncIterator]();
	return {
		type: (line) => void child.stdin?.write(`${line}\n`),
		async next(what) {
			for (;;) {
				const { value, done } = await lines.next();
				if (done === true) return 'its end';
				if (what.test(value)) return value;
			}
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

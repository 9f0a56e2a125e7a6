import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { type TestDaemon, turnout, turnoutProgram } from '../../lab/turnout.ts';
import { rulesOf, unhurried, unprivileged, wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const args = ['--app-ports', '8080'];

describe("the daemon's life cycle", async () => {
	const ports = { world: [443], envoy: [15000, 15001] };
	const { lab, untouched, peers, start } = suiteStack().use(await createDaemonHost(ports));

	test('the desired state survives restarts, with its time', async () => {
		using scratch = createScratch('life');
		const folder = scratch.path;
		const since = await during(folder, (daemon) => {
			daemon.ask('enable');
			return daemon.status().since;
		});
		assert.equal(rulesOf(lab.host), untouched);
		await during(folder, (daemon) => {
			assert.partialDeepStrictEqual(daemon.status(), { wanted: 'enabled', is: 'enabled', since });
			daemon.ask('disable');
		});
		await during(folder, (daemon) => {
			assert.partialDeepStrictEqual(daemon.status(), { wanted: 'disabled', is: 'disabled' });
		});
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('startEnabled takes precedence over the saved state', async () => {
		using scratch = createScratch('life');
		await during(scratch.path, (daemon) => void daemon.ask('disable'));
		await using daemon = await start(args, { folder: scratch.path, env: { APPMESH_START_ENABLED: '1' } });
		assert.partialDeepStrictEqual(daemon.status(), { wanted: 'enabled', is: 'enabled' });
	});

	for (const signal of signals)
		test(`on ${signal} it removes its rules and its socket, and exits with 0`, async () => {
			await using daemon = await start([...args, '--start-enabled', '1']);
			assert.notEqual(rulesOf(lab.host), untouched);
			daemon.process.kill(signal);
			assert.equal(await daemon.ended, 0);
			assert.equal(rulesOf(lab.host), untouched);
			assert.equal(existsSync(daemon.socket), false);
		});

	test('stopped at any moment of its start, it leaves nothing behind', async () => {
		for (const delayMs of [20, 80, 140, 200, 260, 320]) {
			using scratch = createScratch('life');
			const socket = join(scratch.path, 'control.sock');
			const own = ['--socket', socket, '--state-directory', scratch.path, '--start-enabled', '1', ...args];
			const child = lab.host.spawn(turnoutProgram, ['run', '--no-prompt', ...own]);
			const outcome = outcomeOf(child);
			await sleep(delayMs);
			child.kill('SIGTERM');
			const { code, stderr } = await outcome;
			// Before it can know what a signal means to it, it ends as any program does.
			assert.ok(code === 0 || (code === 128 && stderr === ''), `after ${delayMs} ms: ${code}, ${stderr}`);
			assert.equal(rulesOf(lab.host), untouched, `after ${delayMs} ms`);
			assert.equal(existsSync(socket), false, `after ${delayMs} ms`);
		}
	});

	test('stopped while it waits for Envoy, it stops Envoy and exits with 0', async () => {
		using scratch = createScratch('life');
		const sleeper = join(scratch.path, 'envoy');
		writeFileSync(sleeper, '#!/bin/sh\nexec sleep 1000\n');
		chmodSync(sleeper, 0o755);
		const folder = scratch.path;
		const own = ['--socket', join(folder, 'control.sock'), '--state-directory', folder, '--start-enabled', '1'];
		const envoys = ['--envoy-runtime', 'process', '--envoy-command', sleeper];
		const ports = ['--ingress-port', '16000', '--egress-port', '16001', '--app-ports', '8080'];
		const child = lab.host.spawn(turnoutProgram, ['run', '--no-prompt', ...own, ...envoys, ...ports]);
		const outcome = outcomeOf(child);
		const ask = (...words: string[]) => turnout(lab.host, [...words, '--socket', join(folder, 'control.sock')]);
		const waiting = await eventually(
			() => ask('status', '--json'),
			({ stdout }) => stdout.includes('"state":"starting"'),
		);
		assert.partialDeepStrictEqual(JSON.parse(waiting.stdout), { wanted: 'enabled', is: 'waiting' });
		assert.equal(waiting.code, 1);
		assert.match(ask('wait', '--timeout', '0').stderr, /after 0 s: Envoy is starting/);
		const [, pid] = /"id":"pid (\d+)"/.exec(waiting.stdout) ?? [];
		assert.ok(existsSync(`/proc/${pid}`));
		assert.equal(rulesOf(lab.host), untouched);
		child.kill('SIGTERM');
		const { code, stderr } = await outcome;
		assert.equal(code, 0);
		assert.equal(existsSync(`/proc/${pid}`), false);
		assert.doesNotMatch(stderr, /"level":"(error|warn)"/);
	});

	test('when it is killed its rules stay in force, and the next daemon adopts them without a change', async () => {
		using scratch = createScratch('life');
		const folder = scratch.path;
		await using killed = await start([...args, '--start-enabled', '1'], { folder });
		const whole = rulesOf(lab.host);
		killed.process.kill('SIGKILL');
		await killed.ended;
		assert.ok(statSync(killed.socket).isSocket());
		assert.equal(killed.ask('status').code, 3);
		const connect = () => peers.app.connect(addresses.remote.v4, 443, unhurried);
		assert.partialDeepStrictEqual(await connect(), { by: 'envoy' });
		await during(
			folder,
			async (daemon) => {
				// Counted before the restart: what was as wanted has not been committed again.
				assert.partialDeepStrictEqual(daemon.status(), { is: 'enabled', counters: { egress: { connections: 1 } } });
				assert.equal(rulesOf(lab.host), whole);
				assert.partialDeepStrictEqual(await connect(), { by: 'envoy' });
			},
			['--start-enabled', '1'],
		);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('killed while enabled and restarted disabled, it removes the rules that were left', async () => {
		using scratch = createScratch('life');
		await using killed = await start([...args, '--start-enabled', '1']);
		killed.process.kill('SIGKILL');
		await killed.ended;
		await during(scratch.path, (daemon) => {
			assert.partialDeepStrictEqual(daemon.status(), { is: 'disabled' });
			assert.equal(rulesOf(lab.host), untouched);
		});
	});

	test('with onStop keep the rules stay, and the next daemon adopts them', async () => {
		using scratch = createScratch('life');
		const keep = ['--on-stop', 'keep'];
		const enabled = (daemon: TestDaemon) => {
			daemon.ask('enable');
			return wholeRulesOf(lab.host);
		};
		const whole = await during(scratch.path, enabled, keep);
		assert.equal(rulesOf(lab.host), whole);
		await during(scratch.path, (daemon) => assert.equal(daemon.ask('diff').code, 0));
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('onStop keep is refused together with an Envoy that runs as a process', async () => {
		await using daemon = await start(['--on-stop', 'keep', '--envoy-runtime', 'process']);
		assert.equal(await daemon.ended, 1);
		assert.match(daemon.log(), /onStop \(--on-stop\): keep .*; allowed: disable/);
	});

	test('it survives the loss of whoever reads its log', async () => {
		await using daemon = await start(args);
		daemon.process.stderr?.destroy();
		for (const command of ['enable', 'disable', 'enable']) assert.equal(daemon.ask(command).code, 0);
		assert.equal(await daemon.stop(), 0);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('members of the group turnout may use the socket, and others get the reason why not', async () => {
		using scratch = createScratch('life');
		const group = join(scratch.path, 'group');
		const socket = join(scratch.path, 'control.sock');
		writeFileSync(group, `${readFileSync('/etc/group', 'utf8')}turnout:x:4711:\n`);
		const mount = 'mount --bind "$1" /etc/group; shift; exec "$@"';
		const own = ['run', '--no-prompt', '--socket', socket, '--state-directory', scratch.path];
		const child = lab.host.spawn('unshare', ['-m', 'sh', '-c', mount, 'sh', group, turnoutProgram, ...own]);
		const outcome = outcomeOf(child);
		await eventually(
			() => statSync(socket, { throwIfNoEntry: false }),
			(seen) => seen?.gid === 4711,
		);
		const ask = (gid: number) =>
			lab.host.tryRun('setpriv', [...unprivileged(1000, gid), turnoutProgram, 'status', '--socket', socket]);
		assert.equal(ask(4711).code, 0);
		const stranger = ask(1000);
		assert.equal(stranger.code, 1);
		assert.match(
			stranger.stderr,
			/^turnout: Cannot reach the daemon: no permission for its socket .*\nUse sudo, or join the group/,
		);
		child.kill('SIGTERM');
		assert.equal((await outcome).code, 0);
	});

	test('wait also waits for the daemon to start', async () => {
		using scratch = createScratch('life');
		const socket = join(scratch.path, 'control.sock');
		const waiting = outcomeOf(lab.host.spawn(turnoutProgram, ['wait', '--timeout', '20', '--socket', socket]));
		assert.match(turnout(lab.host, ['wait', '--timeout', '0', '--socket', socket]).stderr, /no daemon answers/);
		await during(scratch.path, async () => {
			const { code, stdout } = await waiting;
			assert.equal(code, 0);
			assert.match(stdout, /^interception {2}enabled since /);
		}, ['--start-enabled', '1']);
	});

	/** From the start of a daemon to its orderly end. */
	async function during<T>(
		folder: string,
		act: (daemon: TestDaemon) => T | Promise<T>,
		more: readonly string[] = [],
	): Promise<T> {
		await using daemon = await start([...args, ...more], { folder });
		const result = await act(daemon);
		assert.equal(await daemon.stop(), 0);
		return result;
	}
});

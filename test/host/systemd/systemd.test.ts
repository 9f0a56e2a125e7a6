import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { holdConnection } from '../../support/held.ts';
import { statusOf, unpacked } from '../../support/machine-place.ts';
import { createServicePlace } from '../../support/service-place.ts';

describe('turnout as a service of a real systemd', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const place = await createServicePlace(stack);
	const { lab, machine, untouched, property, kill, runsAgain, configure, answered } = place;
	const { run, tryRun } = machine;

	test('installed and started, it enables what it is told to, and says in systemctl status how it is', async () => {
		run('systemctl', 'enable', '--now', 'turnout');
		assert.equal(rulesOf(lab.host), untouched);
		configure();
		run('turnout', 'enable');
		assert.equal(await answered(), 'remote');
		assert.partialDeepStrictEqual(statusOf(machine), { is: 'enabled', counters: { egress: { connections: 1 } } });
		await eventually(
			() => property('StatusText'),
			(text) => text === 'interception enabled; envoy unmanaged',
		);
		run('systemctl', 'stop', 'envoy');
		await eventually(
			() => property('StatusText'),
			(text) => text.includes('envoy: nobody listens'),
			60_000,
		);
		run('systemctl', 'start', 'envoy');
	});

	test('installed once more, it keeps what the user has written, and the daemon goes on', () => {
		const settings = run('cat', '/etc/turnout/turnout.yaml');
		const pid = property('MainPID');
		run(`${unpacked}/scripts/install`);
		assert.equal(run('cat', '/etc/turnout/turnout.yaml'), settings);
		assert.equal(property('MainPID'), pid);
		assert.equal(tryRun('turnout', 'wait', '--timeout', '20').code, 0);
	});

	test('its rights are few: systemd rates its exposure at 2.0 or less', () => {
		const [, figure = '10'] = /: (\d+\.\d) /.exec(run('systemd-analyze', 'security', 'turnout')) ?? [];
		assert.ok(Number(figure) <= 2, figure);
		const status = run('cat', `/proc/${property('MainPID')}/status`);
		// CAP_NET_ADMIN (linux/capability.h) and none beside.
		for (const kind of ['Prm', 'Eff', 'Bnd']) assert.match(status, new RegExp(`^Cap${kind}:\\t0*1000$`, 'm'));
	});

	test('of the host it can change the network, its own folders and one switch of the kernel’s, and nothing else', () => {
		// The machine's own sandbox has no part in it.
		run('mount', '-o', 'remount,bind,rw', '/proc/sys');
		run('systemctl', 'restart', 'turnout');
		const inside = (...command: readonly string[]) =>
			tryRun('nsenter', '--target', property('MainPID'), '--mount', '--net', ...command).code === 0;
		const mayMake = (folder: string) => inside('touch', `${folder}/made`);
		assert.deepEqual(['/', '/etc/turnout', '/opt/turnout', '/usr/bin', '/var', '/run', '/root'].filter(mayMake), []);
		assert.deepEqual(
			['/var/lib/turnout', '/run/turnout', '/tmp'].filter((folder) => !mayMake(folder)),
			[],
		);
		assert.equal(tryRun('test', '-e', '/tmp/made').code, 1);
		const maySet = (name: string) =>
			inside('sh', '-c', 'cat "$0" > /run/turnout/made; cat /run/turnout/made > "$0"', name);
		assert.equal(maySet('/proc/sys/net/ipv4/ip_forward'), false);
		assert.equal(maySet('/proc/sys/net/ipv4/tcp_migrate_req'), true);
	});

	test('members of the group turnout may use it, and nobody else but root', () => {
		run('useradd', '--groups', 'turnout', 'member');
		run('useradd', 'stranger');
		const statusAs = (user: string) =>
			tryRun('setpriv', `--reuid=${user}`, '--regid=100', '--init-groups', 'turnout', 'status');
		assert.equal(statusAs('member').code, 0);
		assert.match(statusAs('stranger').stderr, /no permission for its socket \S+/);
	});

	test('a daemon that is well says so to the watchdog', async () => {
		const [pid, heard] = [property('MainPID'), property('WatchdogTimestampMonotonic')];
		await eventually(
			() => property('WatchdogTimestampMonotonic'),
			(now) => now !== heard,
		);
		assert.equal(property('MainPID'), pid);
	});

	test('a daemon that hangs is ended by the watchdog and comes back; rules and connections stay meanwhile', async () => {
		run('turnout', 'wait', '--timeout', '20');
		using held = await holdConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const whole = rulesOf(lab.host);
		const restarts = Number(property('NRestarts'));
		kill('STOP');
		await eventually(
			() => property('SubState'),
			(state) => state === 'auto-restart',
			60_000,
		);
		assert.equal(property('Result'), 'watchdog');
		assert.equal(rulesOf(lab.host), whole);
		await runsAgain(restarts);
		assert.equal(rulesOf(lab.host), whole);
		assert.equal(await held.echo('still there'), 'still there');
		assert.equal(await answered(), 'remote');
	});

	test('a daemon that is killed comes back, and its rules have stayed', async () => {
		const whole = rulesOf(lab.host);
		const restarts = Number(property('NRestarts'));
		kill('KILL');
		await eventually(
			() => property('SubState'),
			(state) => state === 'auto-restart',
		);
		assert.equal(rulesOf(lab.host), whole);
		await runsAgain(restarts);
		assert.equal(rulesOf(lab.host), whole);
	});
});

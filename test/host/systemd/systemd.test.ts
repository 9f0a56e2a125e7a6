import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { statusOf, unpacked } from '../../support/machine-host.ts';
import { createServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('turnout as a service of a real systemd', async () => {
	const stack = suiteStack();
	const place = await createServiceHost(stack);
	const { lab, machine, untouched, property, kill, ended, runsAgain, configure, answered } = place;
	const { run, tryRun } = machine;

	test('installed and started, it can be enabled, and systemctl status shows its state', async () => {
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

	test("a second installation keeps the user's settings, and the daemon keeps running", () => {
		const settings = run('cat', '/etc/turnout/turnout.yaml');
		const pid = property('MainPID');
		run(`${unpacked}/scripts/install`);
		assert.equal(run('cat', '/etc/turnout/turnout.yaml'), settings);
		assert.equal(property('MainPID'), pid);
		assert.equal(tryRun('turnout', 'wait', '--timeout', '20').code, 0);
	});

	test('it is started after Docker, and neither stopped nor restarted with it', () => {
		assert.match(property('After'), /\bdocker\.service\b/);
		for (const tie of ['Requires', 'BindsTo', 'PartOf', 'Requisite']) assert.doesNotMatch(property(tie), /docker/, tie);
	});

	test('it reads the variables of /etc/turnout/environment where that is there', () => {
		assert.equal(property('EnvironmentFiles'), '/etc/turnout/environment (ignore_errors=yes)');
	});

	test('its rights are few: systemd rates its exposure at 2.0 or less', () => {
		const [, figure = '10'] = /: (\d+\.\d) /.exec(run('systemd-analyze', 'security', 'turnout')) ?? [];
		assert.ok(Number(figure) <= 2, figure);
		const status = run('cat', `/proc/${property('MainPID')}/status`);
		// CAP_NET_ADMIN (linux/capability.h) and none beside.
		for (const kind of ['Prm', 'Eff', 'Bnd']) assert.match(status, new RegExp(`^Cap${kind}:\\t0*1000$`, 'm'));
	});

	test('it can change the network, its own folders and one kernel setting, and nothing else on the host', () => {
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

	test('a healthy daemon notifies the watchdog', async () => {
		const [pid, heard] = [property('MainPID'), property('WatchdogTimestampMonotonic')];
		await eventually(
			() => property('WatchdogTimestampMonotonic'),
			(now) => now !== heard,
		);
		assert.equal(property('MainPID'), pid);
	});

	test('the watchdog restarts a daemon that hangs; rules and connections stay meanwhile', async () => {
		run('turnout', 'wait', '--timeout', '20');
		using held = await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const whole = rulesOf(lab.host);
		const restarts = Number(property('NRestarts'));
		kill('STOP');
		// Nobody but the watchdog ends a daemon that is halted.
		await ended(restarts);
		assert.equal(rulesOf(lab.host), whole);
		await runsAgain(restarts);
		assert.equal(rulesOf(lab.host), whole);
		assert.equal(await held.echo('still there'), 'still there');
		assert.equal(await answered(), 'remote');
	});

	test('systemd restarts a daemon that was killed, and its rules stay', async () => {
		const whole = rulesOf(lab.host);
		const restarts = Number(property('NRestarts'));
		kill('KILL');
		await ended(restarts);
		assert.equal(rulesOf(lab.host), whole);
		await runsAgain(restarts);
		assert.equal(rulesOf(lab.host), whole);
	});
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { addresses } from '../../lab/layout.ts';
import { isListening } from '../../lab/registry.ts';
import { createDisk } from '../../lab/systemd.ts';
import { ownLines, rulesOf, unhurried } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { holdConnection } from '../support/held.ts';
import { loopForever } from '../support/loop-forever.ts';
import { installEnvoyService, powerOn, propertyOf, statusOf, unpacked, writeUnit } from '../support/machine-place.ts';

const unit = '/etc/systemd/system/turnout.service';

describe('turnout as a service of a real systemd, beside an Envoy that is one too', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const { lab, app, machine } = await powerOn(stack, stack.use(createDisk()));
	const { run, tryRun, path } = machine;
	const untouched = rulesOf(lab.host);
	const property = (name: string) => propertyOf(machine, 'turnout', name);
	const kill = (signal: string) => run('systemctl', 'kill', '--kill-whom=main', '--signal', signal, 'turnout');
	const runsAgain = (restarts: number) =>
		eventually(
			() => [property('NRestarts'), property('ActiveState')],
			([count, state]) => Number(count) > restarts && state === 'active',
			60_000,
		);
	const configure = (...lines: string[]): void => {
		writeFileSync(path('/etc/turnout/turnout.yaml'), `${['appPorts: 8080', ...lines].join('\n')}\n`);
		run('systemctl', 'restart', 'turnout');
	};
	const answered = async () => {
		const answer = await app.connect(addresses.remote.v4, 443, unhurried);
		return answer.kind === 'answered' ? answer.by : answer.kind;
	};

	before(async () => {
		installEnvoyService(machine);
		run('systemctl', 'start', 'envoy');
		await eventually(
			() => isListening(lab.host, 15001),
			(isIt) => isIt,
		);
	});

	test('installed and started, it enables what it is told to, and says in systemctl status how it is', async () => {
		assert.match(run(`${unpacked}/scripts/install`), /systemctl enable --now turnout/);
		writeUnit(machine, 'turnout.service.d/hurry.conf', ['[Service]', 'WatchdogSec=6', 'TimeoutStopSec=2']);
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

	test('a daemon that hangs is ended by the watchdog and comes back; rules and connections stay meanwhile', async () => {
		run('turnout', 'wait', '--timeout', '20');
		using held = await holdConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const whole = rulesOf(lab.host);
		const restarts = Number(property('NRestarts'));
		kill('STOP');
		await eventually(
			() => {
				assert.equal(rulesOf(lab.host), whole);
				return property('Result');
			},
			(result) => result === 'watchdog',
			60_000,
		);
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

	test('stopped, it leaves nothing', async () => {
		run('systemctl', 'stop', 'turnout');
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(property('Result'), 'success');
		assert.equal(tryRun('test', '-e', '/run/turnout').code, 1);
		assert.equal(await answered(), 'remote');
	});

	test('one that hangs when it is stopped is killed, and leaves nothing either', async () => {
		run('systemctl', 'start', 'turnout');
		assert.notEqual(ownLines(lab.host), 0);
		await loopForever(lab.host, () => kill('USR1'));
		run('systemctl', 'stop', 'turnout');
		assert.equal(property('Result'), 'timeout');
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('with onStop keep no connection is lost over a restart, nor over one in which it hangs', async () => {
		run('systemctl', 'start', 'turnout');
		configure('onStop: keep');
		run('turnout', 'wait', '--timeout', '20');
		using held = await holdConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const before = statusOf(machine).counters.egress.connections;
		await using storm = await app.storm({
			address: addresses.remote.v4,
			port: 443,
			clients: 2,
			pauseMs: 5,
			timeoutMs: 10_000,
		});
		for (const hang of [false, false, true]) {
			if (hang) await loopForever(lab.host, () => kill('USR1'));
			run('systemctl', 'restart', 'turnout');
		}
		const { connections, failures, by } = await storm.stop();
		assert.deepEqual(failures, {});
		assert.deepEqual(by, { remote: connections });
		assert.equal(await held.echo('still there'), 'still there');
		// Each of them was captured: those of the storm, and none beside.
		assert.equal(statusOf(machine).counters.egress.connections - before, connections);
	});

	test('uninstalled, it leaves nothing but the settings, and with --purge not even those', () => {
		run('systemctl', 'stop', 'turnout');
		assert.notEqual(rulesOf(lab.host), untouched);
		run('systemctl', 'start', 'turnout');
		run('rm', '-r', `${unit}.d/hurry.conf`);
		run(`${unpacked}/scripts/uninstall`);
		assert.equal(rulesOf(lab.host), untouched);
		const left = () => run('find', '/', '-xdev', '-path', unpacked, '-prune', '-o', '-name', '*turnout*', '-print');
		assert.equal(left(), '/etc/turnout\n/etc/turnout/turnout.yaml\n');
		assert.equal(tryRun('getent', 'group', 'turnout').code, 2);
		assert.equal(tryRun('systemctl', 'cat', 'turnout').code, 1);
		run(`${unpacked}/scripts/install`);
		run(`${unpacked}/scripts/uninstall`, '--purge');
		assert.equal(left(), '');
	});
});

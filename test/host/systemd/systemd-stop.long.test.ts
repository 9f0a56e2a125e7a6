import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { ownLines, rulesOf } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { loopForever } from '../../support/loop-forever.ts';
import { statusOf, unpacked, writeUnit } from '../../support/machine-host.ts';
import { createServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const unit = '/etc/systemd/system/turnout.service';

describe('turnout as a service of a real systemd, when it is stopped', async () => {
	const stack = suiteStack();
	const { lab, app, machine, untouched, property, kill, configure, answered } = await createServiceHost(stack);
	const { run, tryRun } = machine;

	test('stopped, it leaves nothing', async () => {
		configure();
		run('turnout', 'enable');
		assert.equal(await answered(), 'remote');
		assert.notEqual(ownLines(lab.host), 0);
		run('systemctl', 'stop', 'turnout');
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(property('Result'), 'success');
		assert.equal(run('ls', '-A', '/run/turnout'), '');
		assert.equal(await answered(), 'remote');
	});

	test('one that hangs when it is stopped is killed, and leaves nothing either', async () => {
		writeUnit(machine, 'turnout.service.d/patience.conf', ['[Service]', 'TimeoutStopSec=2']);
		run('systemctl', 'start', 'turnout');
		assert.notEqual(ownLines(lab.host), 0);
		await loopForever(lab.host, () => kill('USR1'));
		run('systemctl', 'stop', 'turnout');
		assert.equal(property('Result'), 'timeout');
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('with onStop keep no connection is lost over an upgrade, nor over a restart in which it hangs', async () => {
		run('systemctl', 'start', 'turnout');
		configure('onStop: keep');
		run('turnout', 'wait', '--timeout', '20');
		using held = await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const before = statusOf(machine).counters.egress.connections;
		await using load = await app.startLoad({
			address: addresses.remote.v4,
			port: 443,
			clients: 2,
			pauseMs: 5,
			timeoutMs: 10_000,
		});
		for (const hang of [false, false, true]) {
			run(`${unpacked}/scripts/install`);
			if (hang) await loopForever(lab.host, () => kill('USR1'));
			run('systemctl', 'restart', 'turnout');
		}
		const { connections, failures, by } = await load.stop();
		assert.deepEqual(failures, {});
		assert.deepEqual(by, { remote: connections });
		assert.equal(await held.echo('still there'), 'still there');
		// Each of them was captured: those of the load, and none beside.
		assert.equal(statusOf(machine).counters.egress.connections - before, connections);
	});

	test('uninstalled, it leaves nothing but the settings, and with --purge not even those', () => {
		run('systemctl', 'stop', 'turnout');
		assert.notEqual(rulesOf(lab.host), untouched);
		run('systemctl', 'start', 'turnout');
		run('rm', `${unit}.d/hurry.conf`, `${unit}.d/patience.conf`);
		const waiting = '/etc/systemd/system/shop.service.d/captured.conf';
		run('mkdir', '-p', dirname(waiting));
		writeFileSync(machine.path(waiting), '[Unit]\nRequires=turnout-wait.service\n');
		const { stderr, code } = tryRun(`${unpacked}/scripts/uninstall`);
		assert.equal(code, 0);
		assert.match(stderr, new RegExp(`do not start any more:\n${waiting}$`, 'm'));
		run('rm', waiting);
		assert.equal(rulesOf(lab.host), untouched);
		const left = () => run('find', '/', '-xdev', '-path', unpacked, '-prune', '-o', '-name', '*turnout*', '-print');
		assert.equal(left(), '/etc/turnout\n/etc/turnout/turnout.yaml\n');
		assert.equal(tryRun('getent', 'group', 'turnout').code, 2);
		assert.equal(tryRun('systemctl', 'cat', 'turnout').code, 1);
		const wrong = tryRun(`${unpacked}/scripts/install`, '--help');
		assert.deepEqual([wrong.code, left()], [64, '/etc/turnout\n/etc/turnout/turnout.yaml\n']);
		run(`${unpacked}/scripts/install`);
		run(`${unpacked}/scripts/uninstall`, '--purge');
		assert.equal(left(), '');
	});
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { rulesOf } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { statusOf } from '../../support/machine-host.ts';
import { root } from '../../support/pages.ts';
import { createServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const settings = '/etc/turnout/turnout.yaml';

describe('the Debian package on a host with a real systemd', async () => {
	const stack = suiteStack();
	const scratch = stack.use(createScratch('packages'));
	const [first, second] = ['1', '2'].map((release) => makePackage(scratch.path, release)) as [string, string];
	const given = { [scratch.path]: '/srv/packages' };
	const place = await createServiceHost(stack, { command: ['dpkg', '--install', first], given });
	const { lab, app, machine, untouched, property, configure, answered } = place;
	const { run, tryRun } = machine;
	const left = () =>
		run(
			'find',
			'/',
			'-xdev',
			'-path',
			'/srv',
			'-prune',
			'-o',
			'-path',
			'/var/lib/dpkg',
			'-prune',
			'-o',
			'-name',
			'*turnout*',
			'-print',
		);

	test('installed, it is whole, and nothing is started', () => {
		assert.match(run('turnout', 'version'), /^turnout \d/);
		assert.deepEqual([property('ActiveState'), property('UnitFileState')], ['inactive', 'disabled']);
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(tryRun('dpkg', '--verify', 'turnout').stdout, '');
		assert.match(run('getent', 'group', 'turnout'), /^turnout:/);
	});

	test('with onStop keep, an upgrade under load loses no connection and leaves the newer version running', async () => {
		run('systemctl', 'enable', '--now', 'turnout');
		configure('onStop: keep');
		run('turnout', 'enable');
		assert.equal(await answered(), 'remote');
		using held = await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
		const [pid, before] = [property('MainPID'), statusOf(machine).counters.egress.connections];
		const aim = { address: addresses.remote.v4, port: 443, clients: 2, pauseMs: 5, timeoutMs: 10_000 };
		await using load = await app.startLoad(aim);
		run('dpkg', '--install', second);
		assert.notEqual(property('MainPID'), pid);
		const { connections, failures, by } = await load.stop();
		assert.ok(connections > 0);
		assert.deepEqual(failures, {});
		assert.deepEqual(by, { remote: connections });
		assert.equal(await held.echo('still there'), 'still there');
		// Each of them was captured: those of the load, and none beside.
		assert.equal(statusOf(machine).counters.egress.connections - before, connections);
		assert.match(run('cat', settings), /^onStop: keep$/m);
		assert.equal(property('UnitFileState'), 'enabled');
	});

	test('where a restart would let connections past Envoy, an upgrade leaves it to the administrator', () => {
		configure();
		const pid = property('MainPID');
		assert.match(run('dpkg', '--install', second), /^The daemon goes on .*: systemctl restart turnout$/m);
		assert.equal(property('MainPID'), pid);
		assert.equal(tryRun('turnout', 'wait', '--timeout', '20').code, 0);
	});

	test('removed, it leaves the settings only; purged, not even those', () => {
		run('rm', '-r', '/etc/systemd/system/turnout.service.d');
		assert.notEqual(rulesOf(lab.host), untouched);
		run('dpkg', '--remove', 'turnout');
		assert.equal(rulesOf(lab.host), untouched);
		assert.equal(left(), `/etc/turnout\n${settings}\n`);
		assert.equal(tryRun('systemctl', 'cat', 'turnout').code, 1);
		run('dpkg', '--purge', 'turnout');
		assert.equal(left(), '');
		assert.equal(tryRun('dpkg', '--status', 'turnout').code, 1);
		// As Debian's packages do, it leaves its group: another one of the same number would own what members have made.
		assert.match(run('getent', 'group', 'turnout'), /^turnout:/);
	});
});

/** Its path on the machine. */
function makePackage(folder: string, release: string): string {
	const into = join(folder, release);
	const args = ['--format', 'deb', '--processor', process.arch, '--release', release, '--into', into];
	execFileSync(join(root, 'scripts/package'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
	const name = readdirSync(into).find((each) => each.endsWith('.deb'));
	assert.ok(name);
	return `/srv/packages/${release}/${name}`;
}

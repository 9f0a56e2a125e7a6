import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import type { Distribution } from '../../lab/services/systemd.ts';
import { rulesOf } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { statusOf } from '../../support/machine-host.ts';
import { root } from '../../support/pages.ts';
import { createServiceHost, type ServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const settings = '/etc/turnout/turnout.yaml';
const dropIns = '/etc/systemd/system/turnout.service.d';

const scratch = suiteStack().use(createScratch('packages'));
for (const release of ['1', '2']) makePackages(join(scratch.path, release), release);
/** Its path on the machine. */
const fileOf = (release: string, ending: string): string => {
	const name = readdirSync(join(scratch.path, release)).find((each) => each.endsWith(ending));
	assert.ok(name);
	return `/srv/packages/${release}/${name}`;
};

for (const distribution of ['debian', 'ubuntu'] satisfies Distribution[])
	describe(`packages on a ${distribution} with a real systemd`, async () => {
		const stack = suiteStack();
		// Debian's rpm knows none of the packages that are there.
		const rpm = ['rpm', '--force-debian', '--nodeps', '--upgrade', '--replacepkgs'] as const;
		const command = ['dpkg', '--install', fileOf('1', '.deb')] as const;
		const host = await createServiceHost(stack, {
			command: [...command],
			given: { [scratch.path]: '/srv/packages' },
			distribution,
		});
		const { lab, machine, untouched, property, configure } = host;
		const { run, tryRun } = machine;
		const left = () => {
			const others = ['/srv', '/var/lib/dpkg'].flatMap((path) => ['-path', path, '-prune', '-o']);
			return run('find', '/', '-xdev', ...others, '-name', '*turnout*', '-print');
		};

		test('installed, a Debian package is whole, and nothing is started', () => {
			assertInstalled(host);
			assert.equal(tryRun('dpkg', '--verify', 'turnout').stdout, '');
		});

		test('with onStop keep, an upgrade under load loses no connection and leaves the newer version running', async () => {
			run('systemctl', 'enable', '--now', 'turnout');
			await assertUpgrade(host, ['dpkg', '--install', fileOf('2', '.deb')]);
		});

		test('where a restart would let connections past Envoy, an upgrade leaves it to the administrator', () => {
			configure();
			const pid = property('MainPID');
			assert.match(
				run('dpkg', '--install', fileOf('2', '.deb')),
				/^The daemon goes on .*: systemctl restart turnout$/m,
			);
			assert.equal(property('MainPID'), pid);
			assert.equal(tryRun('turnout', 'wait', '--timeout', '20').code, 0);
		});

		test('removed, it leaves the settings only, also where a drop-in has gone before; purged, not even those', () => {
			run('rm', '-r', dropIns);
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

		// Debian's rpm stands for the distributions that have RPM packages.
		if (distribution !== 'debian') return;

		test('an RPM package, too, is installed whole, upgraded under load and removed', async () => {
			run('groupdel', 'turnout');
			run(...rpm, fileOf('1', '.rpm'));
			assertInstalled(host);
			assert.equal(tryRun('rpm', '--verify', '--nodeps', 'turnout').stdout, '');
			run('systemctl', 'enable', '--now', 'turnout');
			await assertUpgrade(host, [...rpm, fileOf('2', '.rpm')]);
			run('rpm', '--force-debian', '--erase', 'turnout');
			assert.equal(rulesOf(lab.host), untouched);
			assert.equal(left(), `/etc/turnout\n${settings}.rpmsave\n`);
			assert.equal(tryRun('systemctl', 'cat', 'turnout').code, 1);
		});
	});

function assertInstalled({ machine, property, lab, untouched }: ServiceHost): void {
	const { run } = machine;
	assert.match(run('turnout', 'version'), /^turnout \d/);
	run('ls', '/usr/share/man/man8/turnout.8.gz', '/usr/share/doc/turnout/copyright');
	assert.deepEqual([property('ActiveState'), property('UnitFileState')], ['inactive', 'disabled']);
	assert.equal(rulesOf(lab.host), untouched);
	assert.match(run('getent', 'group', 'turnout'), /^turnout:/);
}

async function assertUpgrade(host: ServiceHost, upgrade: readonly [string, ...string[]]): Promise<void> {
	const { lab, app, machine, property, configure, answered } = host;
	const { run } = machine;
	configure('onStop: keep');
	run('turnout', 'enable');
	assert.equal(await answered(), 'remote');
	using held = await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 7, uid: 1000 });
	const [pid, before] = [property('MainPID'), statusOf(machine).counters.egress.connections];
	const aim = { address: addresses.remote.v4, port: 443, clients: 2, pauseMs: 5, timeoutMs: 10_000 };
	await using load = await app.startLoad(aim);
	run(...upgrade);
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
	console.log(`${connections} connections over the upgrade, none failed`);
}

function makePackages(into: string, release: string): void {
	const formats = ['deb', 'rpm'].flatMap((format) => ['--format', format]);
	const args = [...formats, '--processor', process.arch, '--release', release, '--into', into];
	execFileSync(join(root, 'scripts/package'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

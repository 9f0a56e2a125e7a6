import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { importEnvoy } from '../../lab/services/image.ts';
import { createDisk } from '../../lab/services/systemd.ts';
import { unhurried } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorld, powerOnIn, propertyOf, statusOf, unpacked } from '../../support/machine-host.ts';
import { commandsOf } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;

/** Docker is not in the machine but beside it: what it is told of turnout's folders has to be those for it, too. */
const mounts = `
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/turnout
mount --bind "$1" /var/lib/turnout
mount -t tmpfs tmpfs /run
mkdir /run/turnout
mount --bind "$2" /run/turnout`;

describe('turnout as a service of a real systemd, with Envoy in a real Docker', async () => {
	const stack = suiteStack();
	const place = await createWorld(stack);
	const { lab, app } = place;
	const docker = stack.use(await startDockerd(lab));
	importEnvoy(docker, await findEnvoy());
	const { path: state } = stack.use(createScratch('state'));
	const { path: sockets } = stack.use(createScratch('sockets'));
	const pid = readFileSync(join(docker.folder, 'pid'), 'utf8').trim();
	execFileSync('nsenter', ['--target', pid, '--mount', 'sh', '-ec', mounts, 'sh', state, sockets]);
	const shared = { [state]: '/var/lib/turnout', [sockets]: '/run/turnout', [docker.socket]: '/run/docker.sock' };
	const machine = await powerOnIn(place, stack, stack.use(createDisk()), { shared });
	const { run, tryRun, path } = machine;
	const containers = () => docker.docker(['ps', '--all', '--format', '{{.Names}} {{.State}}']).trim();
	const container = () => statusOf(machine).envoy.container;
	const answered = async () => {
		const answer = await app.connect(remote.v4, 443, unhurried);
		return answer.kind === 'answered' ? answer.by : answer.kind;
	};

	test('the commands that provision the boxes lead to a host whose traffic goes through Envoy', async () => {
		run('sh', '-euc', `cd ${unpacked}; ${commandsOf('docs/service.md', 'All')}`);
		assert.partialDeepStrictEqual(statusOf(machine), { is: 'enabled', envoy: { runtime: 'docker', state: 'live' } });
		assert.equal(await answered(), 'remote');
		assert.partialDeepStrictEqual(statusOf(machine), { counters: { egress: { connections: 1 } } });
		assert.match(run('systemd-analyze', 'security', 'turnout'), /: 2\.0 /);
		assert.equal(run('stat', '-c', '%a %u', '/run/turnout/control.sock.envoy'), '700 0\n');
	});

	test('Docker’s logins in root’s home are seen, also those made later, and no other home', () => {
		const [roots, anothers] = [join('/', 'root', '.docker'), join('/', 'home', 'somebody')];
		for (const folder of [roots, anothers]) {
			run('mkdir', '-p', folder);
			writeFileSync(path(`${folder}/config.json`), '{}\n');
		}
		const seen = (file: string) => tryRun('nsenter', '--target', daemonPid(), '--mount', 'cat', file).stdout;
		assert.equal(seen(join(roots, 'config.json')), '{}\n');
		assert.equal(seen(join(anothers, 'config.json')), '');
	});

	test('killed, it comes back and goes on with the same Envoy; no connection is lost', async () => {
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		const before = container();
		await using load = await app.startLoad({
			address: remote.v4,
			port: 443,
			clients: 2,
			pauseMs: 5,
			timeoutMs: 10_000,
		});
		run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'turnout');
		await eventually(
			() => propertyOf(machine, 'turnout', 'NRestarts'),
			(count) => count === '1',
		);
		run('systemctl', 'start', 'turnout');
		assert.equal(container(), before);
		const { connections, failures, by } = await load.stop();
		assert.deepEqual({ failures, by }, { failures: {}, by: { remote: connections } });
		assert.equal(await held.echo('still there'), 'still there');
	});

	test('with onStop: keep it goes on with the same Envoy after systemctl stop and start', () => {
		const before = container();
		const file = path('/etc/turnout/turnout.yaml');
		const settings = readFileSync(file, 'utf8');
		writeFileSync(file, `onStop: keep\n${settings}`);
		run('systemctl', 'reload', 'turnout');
		run('systemctl', 'stop', 'turnout');
		run('systemctl', 'start', 'turnout');
		assert.equal(container(), before);
		assert.partialDeepStrictEqual(statusOf(machine), { is: 'enabled', envoy: { state: 'live', restarts: 0 } });
		writeFileSync(file, settings);
		run('systemctl', 'reload', 'turnout');
	});

	test('systemctl reload replaces Envoy where the settings ask for it, and systemctl stop ends it', async () => {
		const before = container();
		const file = path('/etc/turnout/turnout.yaml');
		writeFileSync(file, `${readFileSync(file, 'utf8')}  memoryMegabytes: 512\n  drainSeconds: 5\n`);
		run('systemctl', 'reload', 'turnout');
		assert.notEqual(container(), before);
		assert.equal(await answered(), 'remote');
		run('systemctl', 'stop', 'turnout');
		assert.equal(containers(), '');
		assert.equal(propertyOf(machine, 'turnout', 'Result'), 'success');
	});

	const daemonPid = () => propertyOf(machine, 'turnout', 'MainPID');
});

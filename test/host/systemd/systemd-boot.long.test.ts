import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createDisk, type Machine } from '../../lab/services/systemd.ts';
import { ownLines } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { powerOn, propertyOf, statusOf, unpacked, writeUnit } from '../../support/machine-host.ts';
import { root } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const CONNECTIONS = 20;
const page = readFileSync(join(root, 'docs/service.md'), 'utf8');

/** Connects as soon as it is started, again and again, and says who answered. */
const application = `
import { connect } from 'node:net';
import { once } from 'node:events';
for (let count = 0; count < ${CONNECTIONS}; count += 1) {
	const socket = connect(443, '${addresses.remote.v4}');
	const heard = [];
	socket.setEncoding('utf8').on('data', (text) => heard.push(text)).on('error', (error) => heard.push(error.code));
	await once(socket, 'close');
	console.log(heard.join('').trim());
}`;

/** The settings of a host whose turnout runs an Envoy that takes its time. */
const settings = ['appPorts: 8080', 'envoy:', '  runtime: process', '  command: /usr/local/bin/late-envoy'].join('\n');

describe('an application that must not start before it is captured', async () => {
	const stack = suiteStack();
	const disk = stack.use(createDisk());
	const first = stack.use(new AsyncDisposableStack());
	const { lab, machine } = await powerOn(first, disk);
	const { run, tryRun } = machine;

	const envoyPid = () => statusOf(machine).envoy.id?.replace('pid ', '');

	test('it waits for turnout, which is started only once its Envoy is LIVE and the rules are there', async () => {
		install(machine);
		writeProgram(machine, 'late-envoy', 'until [ -e /run/go ]; do sleep 0.05; done; exec envoy "$@"');
		run('systemctl', 'start', '--no-block', 'turnout');
		await eventually(
			() => propertyOf(machine, 'turnout', 'StatusText'),
			(text) => text.includes('Envoy is starting'),
		);
		tryRun('turnout', 'enable');
		run('systemctl', 'start', '--no-block', 'application');
		const states = () =>
			['turnout', 'turnout-wait', 'application'].map((unit) => propertyOf(machine, unit, 'ActiveState'));
		assert.deepEqual(states(), ['activating', 'inactive', 'inactive']);
		assert.equal(ownLines(lab.host), 0);
		run('touch', '/run/go');
		await eventually(states, (seen) => seen[2] === 'active');
		assert.deepEqual(states(), ['active', 'inactive', 'active']);
		assert.deepEqual(answersOf(machine), Array(CONNECTIONS).fill('remote'));
		assert.equal(statusOf(machine).counters.egress.connections, CONNECTIONS);
	});

	test('Envoy as a process has no right of root’s, and the exposure is as the documentation says', () => {
		const status = run('cat', `/proc/${envoyPid()}/status`);
		assert.match(status, /^Uid:\t1337\t1337\t1337\t1337$/m);
		for (const kind of ['Inh', 'Prm', 'Eff', 'Amb']) assert.match(status, new RegExp(`^Cap${kind}:\\t0+$`, 'm'));
		assert.match(status, /^NoNewPrivs:\t1$/m);
		assert.equal(run('sh', '-c', 'stat -c "%a %u %G" /run/turnout/control.sock.envoy/*'), '770 1337 turnout\n');
		const [, figure = ''] = /\| `process` \|.*\| (\d\.\d) \|/.exec(page) ?? [];
		assert.ok(run('systemd-analyze', 'security', 'turnout').includes(`: ${figure} `), figure);
	});

	test('Envoy as a process ends with turnout when it is stopped', () => {
		const envoy = `/proc/${envoyPid()}`;
		assert.equal(tryRun('test', '-e', envoy).code, 0);
		run('systemctl', 'stop', 'turnout');
		assert.equal(propertyOf(machine, 'turnout', 'Result'), 'success');
		assert.equal(tryRun('test', '-e', envoy).code, 1);
		assert.equal(ownLines(lab.host), 0);
	});

	test('the desired state survives a reboot, and the application makes no connection before it is captured', async () => {
		run('systemctl', 'enable', 'turnout', 'application');
		writeProgram(machine, 'late-envoy', 'sleep 1; exec envoy "$@"');
		await machine.powerOff();
		await first.disposeAsync();
		const { machine: again } = await powerOn(stack, disk);
		assert.deepEqual(answersOf(again), Array(CONNECTIONS).fill('remote'));
		assert.partialDeepStrictEqual(statusOf(again), {
			...{ wanted: 'enabled', is: 'enabled' },
			counters: { egress: { connections: CONNECTIONS, direct: 0 } },
		});
	});
});

function install(machine: Machine): void {
	const { run, path } = machine;
	run('mkdir', '-p', '/etc/turnout', '/srv/application');
	writeFileSync(path('/etc/turnout/turnout.yaml'), `${settings}\n`);
	writeFileSync(path('/srv/application/main.mjs'), application);
	run(`${unpacked}/scripts/install`);
	writeUnit(machine, 'application.service', [
		'[Unit]',
		'Requires=turnout-wait.service',
		'After=turnout-wait.service',
		'[Service]',
		'Type=oneshot',
		'RemainAfterExit=yes',
		'DynamicUser=yes',
		`ExecStart=${unpacked}/dist/lib/node /srv/application/main.mjs`,
		'[Install]',
		'WantedBy=multi-user.target',
	]);
}

function writeProgram({ path }: Machine, name: string, script: string): void {
	writeFileSync(path(`/usr/local/bin/${name}`), `#!/bin/sh\n${script}\n`);
	chmodSync(path(`/usr/local/bin/${name}`), 0o755);
}

/** Since the last boot. */
const answersOf = ({ run }: Machine): string[] =>
	run('journalctl', '--boot', '--unit', 'application', '--output', 'cat', '--identifier=node').trim().split('\n');

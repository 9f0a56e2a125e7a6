// The fleet's demo: as it is shown, and stopped in the middle.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { demo, markOf, pidOf, remainsOf, startOnTerminal } from '../../support/demo-run.ts';
import { outcomeOf } from '../../support/outcome.ts';

/** What it says, in this order. */
const said = [
	/^3 etcds, 2 controls +\d/,
	/^\$ aws appmesh create-mesh +\d/,
	/^ {4}--mesh-name simpleapp$/,
	/^ {4}--cli-input-json file:\/\/serviceA\.json$/,
	/^ {4}--cli-input-json file:\/\/serviceB-routes\.json$/,
	/^4 hosts, and a browser +\d/,
	/^\$ aws appmesh update-route +\d/,
	/^etcd-\d, the leader of the three, is killed/,
	/^In the browser: review, save +\d/,
	/^control-\d, which the gateway's Envoy was connected to, is killed/,
	/^\$ aws appmesh update-route +\d/,
	/^In the browser: review, save +\d/,
	/^the guide: 90\/10 +(\d+ +){3}0$/,
	/^aws-cli: 0\/100 +\d+ +0 +\d+ +0 +\d+ +\d+$/,
	/^console: 100\/0, etcd-\d killed +\d+ +\d+ +0 +0 +\d+ +\d+$/,
	/^aws-cli: 0\/100, control-\d killed +\d+ +0 +\d+ +0 +\d+ +\d+$/,
	/^console: 50\/50 +(\d+ +){3}0 +\d+ +\d+$/,
	/^✓ \d{4,} requests while all of this happened, 0 failed\.$/,
	/^✓ Each change showed on both ways/,
	/^✓ Both versions got their shares\.$/,
	/^✓ No change was lost: the route is at version 5 /,
	/^✓ The gateway's Envoy went over /,
	/^The little fleet is gone again/,
];

test('the canary of a fleet is moved by aws-cli and in a browser while an etcd and a control are killed: no request fails', async () => {
	const env = { ...process.env, ...markOf('fleet') };
	const child = spawn(demo, ['--fleet'], { stdio: 'pipe', env });
	const { code, stdout, stderr } = await outcomeOf(child);
	assert.equal(stderr, '', stdout);
	const lines = stdout.split('\n');
	let at = 0;
	for (const step of said) {
		const found = lines.slice(at).findIndex((line) => step.test(line));
		assert.ok(found >= 0, `${step} is missing, or too early: ${stdout}`);
		at += found + 1;
	}
	assert.equal(code, 0);
	for (const line of lines) assert.ok(line.length <= 80, line);
	assert.deepEqual(remainsOf('fleet', child.pid ?? 0), []);
});

/** Until the mesh and the hosts are there, on a machine that does much else. */
const HOSTS_MS = 300_000;

test('Ctrl-C under load leaves neither an etcd nor a control, nor an Envoy or a browser', async () => {
	using terminal = startOnTerminal('fleet-stopped', '--fleet', 'trap : INT');
	await terminal.shows(/the guide: 90\/10/, HOSTS_MS);
	const pid = pidOf('fleet-stopped');
	assert.notDeepEqual(remainsOf('fleet-stopped', pid), []);
	terminal.type('\u0003');
	await terminal.shows(/Stopped\. Everything is taken down\.[\s\S]* echo /);
	assert.equal(await terminal.ended, 130);
	assert.deepEqual(remainsOf('fleet-stopped', pid), []);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusOf, unpacked } from '../../support/machine-host.ts';
import { createServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('turnout as a service of a real systemd, on a host that uses iptables-legacy', async () => {
	const stack = suiteStack();
	const { machine, property, configure, answered } = await createServiceHost(stack);
	const { run, tryRun } = machine;

	test('it names the right that it lacks for iptables-legacy, and has it once it is installed with it', async () => {
		run('rm', '-f', '/etc/systemd/system/turnout.service.d/legacy.conf');
		run('systemctl', 'daemon-reload');
		configure('backend: iptables-legacy');
		const { code, stderr } = tryRun('turnout', 'enable');
		assert.equal(code, 1);
		assert.match(
			stderr,
			/^turnout: Cannot change the rules: .*\/run\/xtables\.lock.*\n.*`\/opt\/turnout\/service set-up legacy`$/m,
		);
		run(`${unpacked}/scripts/install`, 'legacy');
		run('systemctl', 'restart', 'turnout');
		run('turnout', 'enable');
		assert.match(run('iptables-legacy-save'), /^-A APPMESH_EGRESS /m);
		assert.equal(await answered(), 'remote');
		assert.partialDeepStrictEqual(statusOf(machine), { is: 'enabled', counters: { egress: { connections: 1 } } });
		assert.match(run('systemd-analyze', 'security', 'turnout'), /: 2\.1 /);
	});

	test('stopped, it leaves nothing', () => {
		run('systemctl', 'stop', 'turnout');
		assert.equal(property('Result'), 'success');
		assert.doesNotMatch(run('iptables-legacy-save'), /APPMESH/);
	});
});

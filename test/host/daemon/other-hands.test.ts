// What others do beside us is not to keep anybody from switching ours off.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { routeManagerProgram, turnout } from '../../lab/turnout.ts';
import { ownLines, rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('what other programs do on the host', async () => {
	const { host, untouched, start } = suiteStack().use(await createDaemonHost());
	const args = ['--app-ports', '8080', '--backend', 'iptables-nft'];

	test('a foreign chain that jumps to ours does not block disable', async () => {
		await using daemon = await start(args);
		daemon.ask('enable');
		host.run('iptables-nft', ['-t', 'nat', '-N', 'THEIRS']);
		host.run('iptables-nft', ['-t', 'nat', '-A', 'THEIRS', '-p', 'tcp', '-j', 'APPMESH_EGRESS']);
		const { code, stderr } = daemon.ask('disable');
		assert.equal(code, 0, stderr);
		assert.equal(rulesOf(host), untouched.replace(/(\*nat\n(?::.*\n)*)/, '$1:THEIRS - \n'));
		host.run('iptables-nft', ['-t', 'nat', '-X', 'THEIRS']);
	});

	test('a rule deleted while the script waits for input is restored by `enable`', async () => {
		const env = {
			...{ APPMESH_START_ENABLED: '0', APPMESH_IGNORE_UID: '1337', APPMESH_APP_PORTS: '8080' },
			...{ APPMESH_ENVOY_INGRESS_PORT: '15000', APPMESH_ENVOY_EGRESS_PORT: '15001' },
		};
		host.run(routeManagerProgram, [], { env: { ...env, APPMESH_START_ENABLED: '1' } });
		const whole = ownLines(host);
		const script = host.spawn(routeManagerProgram, [], { env: { ...process.env, ...env } });
		const ended = once(script, 'close');
		let said = '';
		script.stdout?.on('data', (part) => {
			said += part;
		});
		await eventually(
			() => said,
			(text) => text.includes('main loop'),
		);
		host.run('iptables-nft', ['-t', 'nat', '-D', 'OUTPUT', '1']);
		assert.equal(ownLines(host), whole - 1);
		script.stdin?.end('enable\n');
		await ended;
		assert.equal(ownLines(host), whole);
		assert.equal(turnout(host, ['clean']).code, 0);
	});

	test('where iptables-legacy is in use and unreadable, the daemon keeps working with its own backend', async () => {
		const through = ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'];
		await using daemon = await start(args, { through });
		daemon.ask('enable');
		host.run('iptables-legacy', ['-t', 'nat', '-L']);
		assert.equal(daemon.ask('disable').code, 0);
		await eventually(
			() => rulesOf(host),
			(now) => now === untouched,
		);
		daemon.ask('enable');
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(await daemon.stop(), 0);
		await using next = await start(args, { through, folder: daemon.folder });
		assert.equal(next.status().is, 'enabled');
	});
});

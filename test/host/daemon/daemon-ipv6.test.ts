import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { unhurried } from '../../support/daemon.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('an Envoy that listens on IPv4 only', async () => {
	const stack = suiteStack();
	const { peers, start } = stack.use(await createDaemonHost({ world: [443] }));
	const { app, envoy } = peers;
	const listener = await envoy.listen('envoy', [15000, 15001], { address: '0.0.0.0' });
	const daemon = stack.use(await start(['--app-ports', '8080', '--start-enabled', '1']));
	const { v4, v6 } = addresses.remote;

	test('IPv4 is captured and IPv6 is not; status and log say that IPv6 bypasses Envoy', async () => {
		const { code, stdout } = daemon.ask('status');
		assert.match(stdout, /^interception {2}enabled since .*\nbackend .*, ipv4\n/);
		assert.match(
			stdout,
			/!! {2}ipv6: IPv6 bypasses Envoy: Envoy listens on port 15001 for IPv4 only\n {6}Let Envoy listen on IPv6/,
		);
		assert.match(daemon.log(), /"level":"warn","event":"IPv6 goes past Envoy"/);
		assert.partialDeepStrictEqual(await app.connect(v4, 443, unhurried), { by: 'envoy' });
		assert.partialDeepStrictEqual(await app.connect(v6, 443, unhurried), { by: 'remote' });
		assert.equal(code, 0, 'it is told and is no failure');
		assert.equal(daemon.ask('wait', '--timeout', '0').code, 0);
	});

	test('once it listens on IPv6 too, the next enable captures both', async () => {
		await listener.close();
		await envoy.listen('envoy', [15000, 15001]);
		assert.match(daemon.ask('enable').stdout, /ipv4 and ipv6\n(.*\n)*? {2}ok {2}ipv6\n/);
		assert.partialDeepStrictEqual(await app.connect(v6, 443, unhurried), { by: 'envoy' });
		assert.deepEqual(daemon.status().families, ['ipv4', 'ipv6']);
	});

	test('while disabled, the missing IPv6 is no problem', async () => {
		assert.match(daemon.ask('disable').stdout, /ok {2}ipv6\n/);
	});
});

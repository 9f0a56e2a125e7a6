import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { createCollector } from '../../support/collector.ts';
import { capturing, rulesOf, unhurried } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { createEnvoyHost, pidOf } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { follow } from '../../support/follower.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { host: own, remote } = addresses;

describe('Envoy as a process of ours, while it runs', async () => {
	const stack = suiteStack();
	const { lab, world, app, untouched, args } = await createEnvoyHost(stack);
	const file = join(stack.use(createScratch('envoy')).path, 'turnout.yaml');
	const settings = 'guard: 0\nenvoy: {drainSeconds: 100}\n';
	writeFileSync(file, settings);
	const statsd = stack.use(await createCollector(lab.host, ['udp:8126']));
	const env = { ENABLE_ENVOY_DOG_STATS: '1', STATSD_PORT: '8126', ENVOY_STATS_FLUSH_INTERVAL: '1s' };
	const daemon = stack.use(await startDaemon(lab.host, { args: [...args, '--config', file], env }));

	test('it runs as the ignored user and nobody else', () => {
		const { envoy } = daemon.status();
		assert.partialDeepStrictEqual(envoy, { runtime: 'process', state: 'live', restarts: 0 });
		assert.match(envoy.version ?? '', /^1\.\d+\.\d+$/);
		const status = readFileSync(`/proc/${pidOf(daemon)}/status`, 'utf8');
		assert.match(status, /^Uid:\t1337\t1337\t1337\t1337$/m);
		assert.match(status, /^Gid:\t1337\t1337\t1337\t1337$/m);
		assert.match(status, /^Groups:\s*$/m);
	});

	for (const [who, to, port, by, logged] of [
		['app', remote.v4, 443, 'remote', 'egress 10.77.0.2:* -> 203.0.113.10:443'],
		['app', remote.v6, 80, 'remote', 'egress [fd77::2]:* -> [2001:db8::10]:80'],
		['world', own.v4, 8080, 'app', 'ingress 10.77.0.1:* -> 10.77.0.2:8080'],
		['world', own.v6, 8080, 'app', 'ingress [fd77::1]:* -> [fd77::2]:8080'],
	] as const)
		test(`who is asked answers, and the log says where it went: ${logged}`, async () => {
			const answer = await { app, world }[who].connect(to, port, unhurried);
			assert.partialDeepStrictEqual(answer, { by });
			const ownPort = answer.kind === 'answered' ? answer.ownPort : 0;
			await eventually(
				() => daemon.ask('logs', '--tail', '20').stdout,
				(text) => text.includes(` ${logged.replace('*', String(ownPort))} in=`),
			);
		});

	test('its statistics go where the variables of the image say', async () => {
		await statsd.until(
			'udp:8126',
			/^envoy\.cluster\.upstream_cx_total:\d+\|c\|#envoy\.cluster_name:original_destination$/m,
		);
	});

	test('logs -f goes on with what Envoy says', async () => {
		using follower = follow(lab.host, ['logs', '-f', '--socket', daemon.socket]);
		await follower.next(/starting main dispatch loop/);
		await app.connect(remote.v4, 80, unhurried);
		const line = await follower.next(/ -> 203\.0\.113\.10:80 /);
		assert.match(line, /^\[[\d-]+T[\d:.]+Z\] egress .* -> 203\.0\.113\.10:80 in=\d+ out=7 ms=\d+ flags=/);
		assert.equal(await follower.stop(), 0);
	});

	test("nobody who dials Envoy's own ports makes it dial itself, though the guard is off", async () => {
		const before = connectionsOf(lab);
		const dials = [own.v4, own.v6, '127.0.0.1', '::1'].flatMap((to) => [15000, 15001].map((port) => ({ to, port })));
		for (const { to, port } of dials) {
			await app.connect(to, port, { timeoutMs: 500 });
			if (to === own.v4 || to === own.v6) await world.connect(to, port, { timeoutMs: 500 });
		}
		const made = await eventually(
			() => connectionsOf(lab) - before,
			(count) => count >= 4,
		);
		assert.ok(made <= 12, `${made} connections out of 12`);
	});

	test('what only the rules are made of is reloaded without another Envoy', async () => {
		const pid = pidOf(daemon);
		writeFileSync(file, `${settings}ingressIgnoredIps: ${addresses.world.v4}\n`);
		assert.match(daemon.ask('reload').stdout, /^changed: ingressIgnoredIps\n/);
		assert.equal(pidOf(daemon), pid);
		const seen = connectionsOf(lab);
		assert.partialDeepStrictEqual(await world.connect(own.v4, 8080, unhurried), { by: 'app' });
		assert.equal(connectionsOf(lab), seen);
	});

	test('disable says how many connections are still open when its time is over', async () => {
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		const started = performance.now();
		const { stdout, code } = daemon.ask('disable', '--drain', '1');
		assert.ok(performance.now() - started >= 1_000);
		assert.match(stdout, /^1 connections? through Envoy (is|are) still open\ninterception {2}disabled since /);
		assert.equal(code, 0);
		assert.equal(capturing(lab.host), untouched);
		assert.equal(await held.echo('still there'), 'still there');
		await held.close();
		assert.match(daemon.ask('disable', '--drain', '10').stdout, /^All connections through Envoy have ended\n/);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('told to stop, the rules go first; Envoy ends once its last connection has, also on a port that a reload has moved', async () => {
		writeFileSync(file, `${settings}egressPort: 15011\n`);
		assert.equal(daemon.ask('reload').code, 0);
		assert.equal(daemon.ask('enable').code, 0);
		using held = await openEchoConnection(lab.host, { address: remote.v6, port: 7, uid: 1000 });
		const pid = pidOf(daemon);
		const end = daemon.stop();
		await eventually(
			async () => (await daemon.readStatus()).envoy.state,
			(state) => state === 'draining',
		);
		assert.equal(capturing(lab.host), untouched);
		assert.equal(await held.echo('still there'), 'still there');
		assert.ok(existsSync(`/proc/${pid}`));
		const closedAt = performance.now();
		await held.close();
		assert.equal(await end, 0);
		assert.ok(performance.now() - closedAt < 50_000, 'it need not wait for drainSeconds');
		assert.equal(existsSync(`/proc/${pid}`), false);
		assert.equal(rulesOf(lab.host), untouched);
	});
});

test('a connection outlives the replacement of an Envoy whose statistics do not tell of it', async () => {
	await using stack = new AsyncDisposableStack();
	const { lab, args } = await createEnvoyHost(stack);
	const { path } = stack.use(createScratch('envoy'));
	const [file, statistics] = [join(path, 'turnout.yaml'), join(path, 'statistics.yaml')];
	const settings = (logLevel: string) => writeFileSync(file, `envoy: {drainSeconds: 5, logLevel: ${logLevel}}\n`);
	settings('info');
	const matcher = '{exclusion_list: {patterns: [{suffix: downstream_cx_active}]}}';
	writeFileSync(statistics, `stats_config: {stats_matcher: ${matcher}}\n`);
	const env = { ENVOY_STATS_CONFIG_FILE: statistics };
	const daemon = stack.use(await startDaemon(lab.host, { args: [...args, '--config', file], env }));
	using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
	const pid = pidOf(daemon);
	settings('warning');
	assert.equal(daemon.ask('reload').code, 0);
	assert.notEqual(pidOf(daemon), pid);
	// Longer than it takes to count connections several times, and shorter than drainSeconds.
	for (const text of ['still there', 'and still']) {
		await delay(500);
		assert.equal(await held.echo(text), text);
	}
	await held.close();
});

/** How many connections Envoy's listeners have taken so far, as its own statistics say. */
function connectionsOf({ host }: Host): number {
	const url = 'http://127.0.0.1:9901/stats?filter=^listener\\..*downstream_cx_total';
	const printed = host.run(process.execPath, [
		'-e',
		`fetch(${JSON.stringify(url)}).then((r) => r.text()).then(console.log)`,
	]);
	return [...printed.matchAll(/^listener\.(?!admin\.|turnout_admin\.|.*worker).*: (\d+)$/gm)].reduce(
		(sum, [, count]) => sum + Number(count),
		0,
	);
}

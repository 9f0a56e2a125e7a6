import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createActor } from '../../lab/actor.ts';
import { findEnvoy } from '../../lab/envoy.ts';
import { createHost, type Host } from '../../lab/host.ts';
import { addresses } from '../../lab/layout.ts';
import { createScratch } from '../../lab/scratch.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { renderBootstrap } from '../../src/envoy/bootstrap.ts';
import { parsePort } from '../../src/units.ts';
import { capturing, installOthersRules, rulesOf, unhurried } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { follow } from '../support/follower.ts';
import { createEcho, holdConnection } from '../support/held.ts';

const { host: own, remote } = addresses;
const program = await findEnvoy();
const args = ['--envoy-runtime', 'process', '--envoy-command', program, '--app-ports', '8080', '--start-enabled', '1'];
const hasty = [...args, '--envoy-drain-seconds', '5'];

async function createPlace(stack: AsyncDisposableStack) {
	const lab = stack.use(createHost({ container: false }));
	installOthersRules(lab.host);
	const world = stack.use(createActor(lab.world));
	const app = stack.use(createActor(lab.host, { uid: 1000 }));
	await Promise.all([world.listen('remote', [80, 443]), app.listen('app', [8080])]);
	stack.use(await createEcho(lab.world, 7));
	return { lab, world, app, untouched: rulesOf(lab.host) };
}

describe('Envoy as a process of ours, while it runs', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const { lab, world, app, untouched } = await createPlace(stack);
	const daemon = stack.use(
		await startDaemon(lab.host, { args: [...args, '--envoy-drain-seconds', '100', '--guard', '0'] }),
	);

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
				10_000,
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
		const made = connectionsOf(lab) - before;
		assert.ok(made >= 4, `only ${made} connections reached a listener`);
		assert.ok(made <= 12, `${made} connections out of 12`);
	});

	test('disable says how many connections are still open when its time is over', async () => {
		using held = await holdConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
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

	test('told to stop, the rules go first; Envoy ends once its last connection has, and the daemon with it', async () => {
		assert.equal(daemon.ask('enable').code, 0);
		using held = await holdConnection(lab.host, { address: remote.v6, port: 7, uid: 1000 });
		const pid = pidOf(daemon);
		const end = daemon.stop();
		await eventually(
			() => daemon.status().envoy.state,
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

describe('the life of an Envoy that is ours', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const { lab, world, app, untouched } = await createPlace(stack);

	test('from before its start until after its end no connection finds rules without an Envoy behind', async () => {
		await using outbound = await app.storm({ address: remote.v4, port: 443, limitMs: 60_000, ...unhurried });
		await using inbound = await world.storm({ address: own.v6, port: 8080, limitMs: 60_000, ...unhurried });
		await using daemon = await startDaemon(lab.host, { args: hasty });
		assert.equal(daemon.status().is, 'enabled');
		const { egress, ingress } = await eventually(
			() => daemon.status().counters,
			(counters) => counters.egress.connections > 100 && counters.ingress.connections > 100,
		);
		assert.equal(await daemon.stop(), 0);
		for (const [storm, by, through] of [
			[outbound, 'remote', egress],
			[inbound, 'app', ingress],
		] as const) {
			const tally = await storm.stop();
			assert.deepEqual({ by: tally.by, failures: tally.failures }, { by: { [by]: tally.connections }, failures: {} });
			assert.ok(tally.connections > through.connections, 'some of them came before or after');
		}
	});

	test('a connection that does not end in drainSeconds ends with Envoy', async () => {
		await using daemon = await startDaemon(lab.host, { args: hasty });
		using held = await holdConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		const started = performance.now();
		const end = daemon.stop();
		assert.equal(await end, 0);
		const took = performance.now() - started;
		assert.ok(took >= 5_000 && took < 50_000, `it took ${took} ms`);
		assert.equal(await held.echo('still there'), undefined);
	});

	test('an Envoy that is killed is told with its signal and its last words; its rules stay', async () => {
		await using daemon = await startDaemon(lab.host, { args: hasty });
		const whole = rulesOf(lab.host);
		await kill(daemon);
		const { stdout, code } = daemon.ask('status');
		assert.match(stdout, /^envoy +failed$/m);
		assert.match(stdout, /^ {2}NO {2}envoy: Envoy ended by SIGKILL; its last line: \[.*starting main dispatch loop\n/m);
		assert.equal(code, 1);
		assert.equal(rulesOf(lab.host), whole);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		const enable = daemon.ask('enable');
		assert.equal(enable.code, 1);
		assert.match(enable.stderr, /^turnout: Cannot enable: Envoy ended by SIGKILL/);
		assert.match(daemon.log(), /"level":"error","event":"envoy failed","why":"Envoy ended by SIGKILL/);
		assert.equal(daemon.ask('disable').code, 1, 'Envoy is still not as it should be');
		assert.equal(rulesOf(lab.host), untouched);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test('with onEnvoyFailure open the rules are lifted when Envoy is killed, and status says so', async () => {
		await using daemon = await startDaemon(lab.host, { args: [...hasty, '--on-envoy-failure', 'open'] });
		await kill(daemon);
		const { stdout } = await eventually(
			() => daemon.ask('status'),
			({ stdout: text }) => text.includes('lifted, wanted: enabled'),
		);
		assert.match(stdout, /^interception {2}lifted, wanted: enabled since /);
		assert.match(stdout, /NO {2}rules: they are lifted while Envoy is away/);
		assert.equal(rulesOf(lab.host), untouched);
		for (const to of [remote.v4, remote.v6])
			assert.partialDeepStrictEqual(await app.connect(to, 443, unhurried), { by: 'remote' });
		assert.equal(daemon.ask('diff').code, 0);
	});

	test("a bootstrap of the user's own is what Envoy runs", async () => {
		using scratch = createScratch('bootstrap');
		const file = join(scratch.path, 'envoy.yaml');
		writeFileSync(file, ownBootstrap);
		await using daemon = await startDaemon(lab.host, { args: [...hasty, '--envoy-config', file] });
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'my own Envoy' });
		assert.partialDeepStrictEqual(await world.connect(own.v4, 8080, unhurried), { by: 'my own Envoy' });
		assert.equal(existsSync(join(daemon.folder, 'state/envoy.json')), false);
	});

	test('the bootstrap that we make is one that Envoy accepts, whatever the host', () => {
		using scratch = createScratch('bootstrap');
		const file = join(scratch.path, 'envoy.json');
		const [ingressPort, egressPort, adminPort] = ['15000', '15001', '9901'].map(parsePort);
		assert.ok(ingressPort && egressPort && adminPort);
		for (const hasIpv6 of [true, false])
			for (const capturesBridges of [true, false]) {
				writeFileSync(file, renderBootstrap({ ingressPort, egressPort, adminPort, hasIpv6, capturesBridges }));
				const said = lab.host.run('sh', ['-c', `'${program}' --mode validate --config-path ${file} 2>&1`]);
				assert.match(said, /configuration '.*' OK/);
				assert.doesNotMatch(said, /\[(error|critical)\]|deprecated/i);
			}
	});

	/** As the kernel does when memory is short; resolves once the daemon knows. */
	async function kill(daemon: TestDaemon): Promise<void> {
		process.kill(pidOf(daemon), 'SIGKILL');
		await eventually(
			() => daemon.status().envoy.state,
			(state) => state === 'failed',
		);
	}
});

const pidOf = (daemon: TestDaemon): number => Number(/\d+/.exec(daemon.status().envoy.id ?? '')?.[0]);

/** How many connections Envoy's listeners have taken so far, as its own statistics say. */
function connectionsOf({ host }: Host): number {
	const url = 'http://127.0.0.1:9901/stats?filter=^listener\\..*downstream_cx_total';
	const printed = host.run(process.execPath, [
		'-e',
		`fetch(${JSON.stringify(url)}).then((r) => r.text()).then(console.log)`,
	]);
	return [...printed.matchAll(/^listener\.(?!admin\.|.*worker).*: (\d+)$/gm)].reduce(
		(sum, [, count]) => sum + Number(count),
		0,
	);
}

const listener = (port: number): string => `
  - address: { socket_address: { address: 0.0.0.0, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.direct_response
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config
          response: { inline_string: "my own Envoy\\n" }`;

const ownBootstrap = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 9901 } } }
static_resources:
  listeners:${[15000, 15001].map(listener).join('')}
`;

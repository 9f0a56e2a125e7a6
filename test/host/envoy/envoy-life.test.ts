import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bootstrapText, passThroughBootstrap } from '../../../src/envoy/bootstrap.ts';
import { parsePort } from '../../../src/values/units.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Listener } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { BROKEN, createBreakable } from '../../support/breakable.ts';
import { rulesOf, unhurried } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { answeringBootstrap } from '../../support/envoy-bootstrap.ts';
import { createEnvoyHost, pidOf, untilBack } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { host: own, remote } = addresses;

describe('the life cycle of a managed Envoy', async () => {
	const stack = suiteStack();
	const { lab, world, app, untouched, program, args } = await createEnvoyHost(stack);
	const hasty = [...args, '--envoy-drain-seconds', '5'];

	test('from before its start until after its end no connection is captured without an Envoy', async () => {
		await using outbound = await app.startLoad({ address: remote.v4, port: 443, limitMs: 300_000, ...unhurried });
		await using inbound = await world.startLoad({ address: own.v6, port: 8080, limitMs: 300_000, ...unhurried });
		await using daemon = await startDaemon(lab.host, { args: hasty });
		assert.equal(daemon.status().is, 'enabled');
		const { egress, ingress } = await eventually(
			async () => (await daemon.readStatus()).counters,
			(counters) => counters.egress.connections > 100 && counters.ingress.connections > 100,
		);
		assert.equal(await daemon.stop(), 0);
		for (const [load, by, through] of [
			[outbound, 'remote', egress],
			[inbound, 'app', ingress],
		] as const) {
			const counts = await load.stop();
			assert.deepEqual(
				{ by: counts.by, failures: counts.failures },
				{ by: { [by]: counts.connections }, failures: {} },
			);
			assert.ok(counts.connections > through.connections, 'some of them came before or after');
		}
	});

	test('it restarts without its admin port where that is taken; a reload brings the port back', async () => {
		await using daemon = await startDaemon(lab.host, { args: hasty });
		const former = pidOf(daemon);
		const adminFact = () => daemon.status().conditions.find(({ subject }) => subject === 'admin');
		assert.equal(adminFact()?.ok, true);
		process.kill(former, 'SIGKILL');
		const taken: Listener[] = [];
		// Between two lives.
		await eventually(
			async () =>
				taken.push(
					...(await app.listen('squatter', [9901]).then(
						(one) => [one],
						() => [],
					)),
				),
			(count) => count === 1,
		);
		await untilBack(daemon, former);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		const fact = adminFact();
		assert.match(fact?.ok === false ? fact.why : '', /^port 9901 \(envoy\.adminPort\) is held by .* of user 1000: /);
		assert.equal(daemon.ask('wait', '--timeout', '20').code, 0);
		assert.equal(daemon.ask('reload').code, 0);
		await taken[0]?.close();
		const left = adminFact();
		assert.match(left?.ok === false ? left.why : '', /^Envoy was started while another program held port 9901/);
		assert.equal(daemon.ask('reload').code, 0);
		assert.equal(adminFact()?.ok, true);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test('a connection that does not end in drainSeconds ends with Envoy', async () => {
		await using daemon = await startDaemon(lab.host, { args: hasty });
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		const started = performance.now();
		const end = daemon.stop();
		assert.equal(await end, 0);
		const took = performance.now() - started;
		assert.ok(took >= 5_000 && took < 50_000, `it took ${took} ms`);
		assert.equal(await held.echo('still there'), undefined);
	});

	test('Envoy keeps running where its rules cannot be removed; the daemon exits and says so', async () => {
		using restore = createBreakable();
		await using daemon = await startDaemon(lab.host, { args: hasty, env: restore.env });
		const pid = pidOf(daemon);
		restore.break();
		assert.equal(await daemon.stop(), 1);
		assert.match(daemon.log(), new RegExp(`^turnout: Cannot commit the rules: .*${BROKEN}$`, 'm'));
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.equal(turnout(lab.host, ['clean']).code, 0);
		assert.equal(rulesOf(lab.host), untouched);
		process.kill(pid, 'SIGKILL');
		await eventually(
			() => existsSync(`/proc/${pid}`),
			(isThere) => !isThere,
		);
	});

	test('an Envoy that is killed is started again: until then connections fail, and status says how it ended', async () => {
		await using daemon = await startDaemon(lab.host, { args: hasty });
		const [whole, pid] = [rulesOf(lab.host), pidOf(daemon)];
		process.kill(pid, 'SIGKILL');
		const { envoy } = await eventually(
			() => daemon.readStatus(),
			({ envoy: { state, restarts } }) => state === 'live' && restarts === 1,
		);
		assert.notEqual(pidOf(daemon), pid);
		assert.equal(envoy.lastExit, 'ended by SIGKILL');
		assert.match(
			daemon.log(),
			/"level":"error","event":"envoy failed","why":"Envoy ended by SIGKILL; its last line: \[/,
		);
		assert.equal(rulesOf(lab.host), whole);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	});

	test('while Envoy keeps ending, connections fail, the rules stay, and status says how often; enable waits for it', async () => {
		await using scene = await startMortal();
		const { daemon, whole } = scene;
		const { stdout, code } = await eventually(
			() => daemon.ask('status'),
			({ stdout: text }) => text.includes('times in a row'),
		);
		assert.match(stdout, /^interception {2}enabled since /);
		assert.match(
			stdout,
			/^ {2}!! {2}envoy: Cannot start Envoy: Envoy ended with code 7; its last line: it is broken \(\d+ times in a row\)$/m,
		);
		assert.match(stdout, /^ {6}It is restarted after \d+ ms; see turnout logs$/m);
		assert.equal(code, 1);
		assert.equal(rulesOf(lab.host), whole);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { kind: 'refused' });
		assert.equal(daemon.ask('disable').code, 1, 'Envoy is still not as it should be');
		await untilUntouched();
		assert.match(daemon.ask('enable').stdout, /^interception {2}waiting, wanted: enabled since /);
		assert.equal(rulesOf(lab.host), untouched);
		scene.repair();
		// Status says enabled once each new connection is captured; the rest of the rules follows.
		await untilRules(whole);
		assert.equal((await daemon.readStatus()).is, 'enabled');
	});

	test('with onEnvoyFailure open the rules are lifted while Envoy is down, and reapplied once it is back', async () => {
		await using scene = await startMortal('--on-envoy-failure', 'open', '--envoy-grace-seconds', '1');
		const { daemon, whole } = scene;
		const { stdout } = await eventually(
			() => daemon.ask('status'),
			({ stdout: text }) => text.includes('lifted, wanted: enabled'),
		);
		assert.match(stdout, /^interception {2}lifted, wanted: enabled since /);
		assert.match(stdout, /!! {2}rules: they are lifted while Envoy is down/);
		await untilUntouched();
		for (const to of [remote.v4, remote.v6])
			assert.partialDeepStrictEqual(await app.connect(to, 443, unhurried), { by: 'remote' });
		assert.equal(daemon.ask('diff').code, 0);
		scene.repair();
		await untilRules(whole);
		assert.equal((await daemon.readStatus()).is, 'enabled');
	});

	test('a reload that changes Envoy replaces it, and open connections continue', async () => {
		using scratch = createScratch('reload');
		const file = join(scratch.path, 'turnout.yaml');
		writeFileSync(file, 'envoy: {drainSeconds: 60}\n');
		await using daemon = await startDaemon(lab.host, { args: [...args, '--config', file] });
		const pid = pidOf(daemon);
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		writeFileSync(file, 'envoy: {drainSeconds: 60, logLevel: debug}\negressPort: 16001\n');
		const { stdout, stderr, code } = daemon.ask('reload');
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^changed: egressPort, envoy\.logLevel\n/);
		assert.notEqual(pidOf(daemon), pid);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.equal(await held.echo('still there'), 'still there');
		assert.ok(existsSync(`/proc/${pid}`));
		await held.close();
		await eventually(
			() => existsSync(`/proc/${pid}`),
			(isThere) => !isThere,
		);
	});

	test("Envoy runs with the user's own bootstrap", async () => {
		using scratch = createScratch('bootstrap');
		const file = join(scratch.path, 'envoy.yaml');
		writeFileSync(file, ownBootstrap);
		await using daemon = await startDaemon(lab.host, { args: [...hasty, '--envoy-config', file] });
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'my own Envoy' });
		assert.partialDeepStrictEqual(await world.connect(own.v4, 8080, unhurried), { by: 'my own Envoy' });
		assert.deepEqual(readdirSync(join(daemon.folder, 'state')), ['envoy-processes.json', 'state.json']);
	});

	test('the bootstrap that we make is one that Envoy accepts, whatever the host', () => {
		using scratch = createScratch('bootstrap');
		const file = join(scratch.path, 'envoy.json');
		const [ingressPort, egressPort] = ['15000', '15001'].map(parsePort);
		assert.ok(ingressPort && egressPort);
		for (const hasIpv6 of [true, false])
			for (const capturesBridges of [true, false]) {
				writeFileSync(file, bootstrapText(passThroughBootstrap({ ingressPort, egressPort, hasIpv6, capturesBridges })));
				const said = lab.host.run('sh', ['-c', `'${program}' --mode validate --config-path ${file} 2>&1`]);
				assert.match(said, /configuration '.*' OK/);
				assert.doesNotMatch(said, /\[(error|critical)\]|deprecated/i);
			}
	});

	/** A daemon whose Envoy has been killed, and ends with code 7 as often as it is started, until it is mended. */
	const untilRules = (wanted: string, patienceMs?: number) =>
		eventually(
			() => rulesOf(lab.host),
			(now) => now === wanted,
			patienceMs,
		);

	/** What an Envoy that was killed has sent last the kernel may send for a minute and more: tracking stays until then. */
	const untilUntouched = () => untilRules(untouched, 150_000);

	async function startMortal(...more: string[]) {
		const scratch = createScratch('mortal');
		const [wrapper, broken] = [join(scratch.path, 'envoy'), join(scratch.path, 'broken')];
		writeFileSync(
			wrapper,
			`#!/bin/sh\nif [ -e '${broken}' ]; then echo it is broken >&2; exit 7; fi\nexec '${program}' "$@"\n`,
		);
		chmodSync(wrapper, 0o755);
		chmodSync(scratch.path, 0o755);
		const daemon = await startDaemon(lab.host, { args: [...hasty, '--envoy-command', wrapper, ...more] });
		const whole = rulesOf(lab.host);
		writeFileSync(broken, '');
		process.kill(pidOf(daemon), 'SIGKILL');
		return {
			...{ daemon, whole, repair: () => rmSync(broken) },
			async [Symbol.asyncDispose]() {
				await daemon[Symbol.asyncDispose]();
				scratch[Symbol.dispose]();
			},
		};
	}
});

const ownBootstrap = answeringBootstrap('my own Envoy', { ingress: '0.0.0.0', egress: '0.0.0.0' });

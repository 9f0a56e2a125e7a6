import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { addresses } from '../../lab/layout.ts';
import { createScratch } from '../../lab/scratch.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { renderBootstrap } from '../../src/envoy/bootstrap.ts';
import { parsePort } from '../../src/units.ts';
import { rulesOf, unhurried } from '../support/daemon.ts';
import { createEnvoyPlace, pidOf } from '../support/envoy-place.ts';
import { eventually } from '../support/eventually.ts';
import { holdConnection } from '../support/held.ts';

const { host: own, remote } = addresses;

describe('the life of an Envoy that is ours', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const { lab, world, app, untouched, program, args } = await createEnvoyPlace(stack);
	const hasty = [...args, '--envoy-drain-seconds', '5'];

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

// An old dump that is restored, or whoever else puts our rules back, while a daemon wants them off.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { routeManagerProgram, turnout } from '../../lab/turnout.ts';
import { ownLines, rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('a daemon that wants interception off', async () => {
	const { host, untouched, start } = suiteStack().use(await createDaemonHost());
	const env = {
		...{ APPMESH_START_ENABLED: '1', APPMESH_IGNORE_UID: '1337', APPMESH_APP_PORTS: '8080' },
		...{ APPMESH_ENVOY_INGRESS_PORT: '15000', APPMESH_ENVOY_EGRESS_PORT: '15001' },
	};

	for (const [own, restored] of [
		['nft', 'nft'],
		['legacy', 'legacy'],
		['legacy', 'nft'],
	] as const)
		test(`with ${own} rules: when a dump of ${restored} rules is restored, ours are removed from it and foreign ones stay`, async () => {
			await using first = await start(['--app-ports', '8080', '--backend', `iptables-${restored}`]);
			first.ask('enable');
			const dumps = ['', '6'].map((family) => host.run(`ip${family}tables-${restored}-save`, []));
			assert.equal(await first.stop(), 0);
			await using daemon = await start(['--app-ports', '8080', '--backend', `iptables-${own}`]);
			daemon.ask('enable');
			assert.equal(daemon.ask('disable').code, 0);
			for (const [at, family] of ['', '6'].entries())
				host.run(`ip${family}tables-${restored}-restore`, [], { input: dumps[at] ?? '' });
			await eventually(daemon.log, (log) => log.includes('"event":"repaired","subject":"rules"'));
			await eventually(
				async () => (await daemon.readStatus()).is,
				(is) => is === 'disabled',
			);
			await eventually(
				() => rulesOf(host),
				(now) => now === untouched,
			);
			const { wanted, repairs } = daemon.status();
			assert.equal(wanted, 'disabled');
			assert.match(repairs.last?.what ?? '', /surplus in .*APPMESH_/);
			assert.equal(await daemon.stop(), 0);
		});

	test('init and the 2019 script refuse to enable while a daemon wants it off, and work once it wants the same', async () => {
		await using daemon = await start();
		const own = { ...env, TURNOUT_SOCKET: daemon.socket };
		const init = () => turnout(host, ['init', '--app-ports', '8080'], { env: { TURNOUT_SOCKET: daemon.socket } });
		const script = () => host.tryRun(routeManagerProgram, [], { env: own });
		for (const refused of [init(), script()]) {
			assert.equal(refused.code, 1);
			assert.match(refused.stderr, /^turnout: Cannot enable interception: a running daemon \(.*\) has it disabled/m);
			assert.match(refused.stderr, /turnout enable/);
			assert.equal(rulesOf(host), untouched);
		}
		daemon.ask('enable');
		for (const done of [init(), script()]) assert.equal(done.code, 0, done.stderr);
		assert.equal(await daemon.stop(), 0);
	});

	test('the rules of another running turnout are not removed as leftovers, also not at a start', async () => {
		await using off = await start();
		await using on = await start();
		on.ask('enable');
		assert.equal(on.status().is, 'enabled');
		const whole = ownLines(host);
		await sleep(2_500);
		assert.equal(on.status().repairs.count, 0);
		assert.equal(off.status().repairs.count, 0);
		// What is open already is captured in a second step.
		assert.ok(ownLines(host) >= whole);
		const rules = rulesOf(host);
		await using late = await start();
		assert.equal(late.status().wanted, 'disabled');
		assert.equal(await late.stop(), 0);
		assert.equal(rulesOf(host), rules);
		assert.equal(on.status().repairs.count, 0);
		assert.equal(await on.stop(), 0);
	});
});

// An old dump that is restored, or whoever else puts our rules back, while a daemon wants them off.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost } from '../../lab/net/host.ts';
import { routeManagerProgram, startDaemon, turnout } from '../../lab/turnout.ts';
import { installOthersRules, ownLines, rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';

describe('a daemon that wants interception off', async () => {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	const { host } = stack.use(createHost({ container: false }));
	installOthersRules(host);
	const untouched = rulesOf(host);
	const env = {
		...{ APPMESH_START_ENABLED: '1', APPMESH_IGNORE_UID: '1337', APPMESH_APP_PORTS: '8080' },
		...{ APPMESH_ENVOY_INGRESS_PORT: '15000', APPMESH_ENVOY_EGRESS_PORT: '15001' },
	};

	for (const [own, restored] of [
		['nft', 'nft'],
		['legacy', 'legacy'],
		['legacy', 'nft'],
	] as const)
		test(`with ${own} rules: a dump of ${restored} rules with ours in it is restored, and they go again, nobody else's`, async () => {
			await using first = await startDaemon(host, {
				args: ['--app-ports', '8080', '--backend', `iptables-${restored}`],
			});
			first.ask('enable');
			const dumps = ['', '6'].map((family) => host.run(`ip${family}tables-${restored}-save`, []));
			assert.equal(await first.stop(), 0);
			await using daemon = await startDaemon(host, { args: ['--app-ports', '8080', '--backend', `iptables-${own}`] });
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

	test('init and the 2019 script refuse to switch on what it would take away, and do not once it wants the same', async () => {
		await using daemon = await startDaemon(host, { args: ['--app-ports', '8080'] });
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

	test('rules of another turnout that runs here are not taken for put back by somebody, nor by a daemon that begins', async () => {
		await using off = await startDaemon(host, { args: ['--app-ports', '8080'] });
		await using on = await startDaemon(host, { args: ['--app-ports', '8080'] });
		on.ask('enable');
		assert.equal(on.status().is, 'enabled');
		const whole = ownLines(host);
		await sleep(2_500);
		assert.equal(on.status().repairs.count, 0);
		assert.equal(off.status().repairs.count, 0);
		// What is open already is captured in a second step.
		assert.ok(ownLines(host) >= whole);
		const rules = rulesOf(host);
		await using late = await startDaemon(host, { args: ['--app-ports', '8080'] });
		assert.equal(late.status().wanted, 'disabled');
		assert.equal(await late.stop(), 0);
		assert.equal(rulesOf(host), rules);
		assert.equal(on.status().repairs.count, 0);
		assert.equal(await on.stop(), 0);
	});
});

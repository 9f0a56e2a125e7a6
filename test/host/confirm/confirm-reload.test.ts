// `reload --confirm`: back to the rules of the former settings, whatever has become of the daemon.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import type { ConfigReply } from '../../../src/localapi/protocol.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, type TestDaemon, turnout } from '../../lab/turnout.ts';
import { rulesOf, wholeRulesOf } from '../../support/daemon.ts';
import { createEnvoyHost } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { isWhole, ownRules } from '../../support/own-rules.ts';
import { startLoad, stopLoad, summary } from '../../support/proxied.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('reload --confirm', async () => {
	const stack = suiteStack();
	const place = stack.use(await createDaemonHost());
	const { lab } = place;
	const file = join(stack.use(createScratch('settings')).path, 'turnout.yaml');
	const used = { backend: 'auto' };
	const write = (appPorts: string) => writeFileSync(file, `appPorts: "${appPorts}"\nbackend: ${used.backend}\n`);
	const look = (): string => `${rulesOf(lab.host)}${ownRules(lab.host, 'nft')}`;

	/** A daemon that captures 8080 only; `before`: its rules. */
	async function start(backend: Dialect = 'iptables-nft'): Promise<{ daemon: TestDaemon; before: string }> {
		used.backend = backend === 'nft' ? backend : 'auto';
		write('8080');
		const daemon = await place.start(['--config', file]);
		daemon.ask('enable');
		await eventually(
			() => isWhole(lab.host, backend),
			(is) => is,
		);
		return { daemon, before: look() };
	}
	const again = ({ folder }: TestDaemon) => place.start(['--config', file], { folder });

	/** Captures all ports but 22; says when the time is over. Where a busy machine has taken all of it there is more the next time. */
	async function reloadFor(daemon: TestDaemon, seconds: number): Promise<number> {
		write('*');
		const { stdout, stderr } = daemon.ask('reload', '--confirm', String(seconds));
		const until = Date.parse(daemon.status().confirmUntil ?? '');
		const ports = await appPorts(daemon);
		if (Number.isNaN(until) || Date.now() >= until) {
			assert.match(stderr, /^$|the time for `turnout confirm` is over/);
			return reloadFor(daemon, seconds * 4);
		}
		assert.match(stdout, /^changed: appPorts\n(.*\n)*confirm {7}until .* with `turnout confirm`/, stderr);
		assert.equal(ports, '*');
		return until;
	}

	/** As the daemon has it. */
	async function appPorts({ socket }: TestDaemon): Promise<string> {
		const { text } = await askSocket(socket, 'GET', '/v1/config');
		const { settings } = JSON.parse(text) as ConfigReply;
		return settings.find(({ key }) => key === 'appPorts')?.value ?? '';
	}

	async function assertGoesBack(before: string, until: number): Promise<void> {
		await eventually(() => look() === before, Boolean);
		assert.ok(Date.now() >= until - 50, `it went back ${until - Date.now()} ms too soon`);
	}

	const told =
		/!! {2}settings: appPorts was not confirmed: the former settings are in effect, but a restart would apply it\n/;

	async function assertFormer(daemon: TestDaemon): Promise<void> {
		await eventually(
			() => daemon.readStatus(),
			({ confirmUntil }) => confirmUntil === undefined,
		);
		assert.equal(await appPorts(daemon), '8080');
		const { stdout } = daemon.ask('status');
		assert.match(stdout, /^interception {2}enabled since /);
		assert.match(stdout, told);
	}

	test('without a confirmation the former rules are restored byte for byte; status says that the file differs until it is loaded', async () => {
		const { daemon, before } = await start();
		await using _ = daemon;
		await assertGoesBack(before, await reloadFor(daemon, 6));
		await assertFormer(daemon);
		await sleep(500);
		assert.equal(daemon.status().repairs.count, 0);
		assert.equal(look(), before);
		assert.match(daemon.ask('reload').stdout, /^changed: appPorts\n/);
		assert.doesNotMatch(daemon.ask('status').stdout, /settings/);
		assert.notEqual(look(), before);
	});

	test('with `turnout confirm` the change stays', async () => {
		const { daemon, before } = await start();
		await using _ = daemon;
		const until = await reloadFor(daemon, 8);
		daemon.ask('confirm');
		await eventually(Date.now, (now) => now > until + 500);
		assert.notEqual(look(), before);
		assert.equal(await appPorts(daemon), '*');
	});

	test('a reload without --confirm confirms it, and so does enable', async () => {
		const { daemon } = await start();
		await using _ = daemon;
		for (const word of ['reload', 'enable']) {
			write('8080');
			daemon.ask('reload');
			await reloadFor(daemon, 60);
			daemon.ask(word);
			assert.deepEqual([daemon.status().confirmUntil, await appPorts(daemon)], [undefined, '*'], word);
		}
	});

	for (const backend of ['iptables-nft', 'nft'] as const)
		test(`the rollback happens although the daemon was killed, and the next one uses the former settings, on ${backend}`, async () => {
			const { daemon, before } = await start(backend);
			const until = await reloadFor(daemon, 6);
			daemon.process.kill('SIGKILL');
			await daemon.ended;
			await assertGoesBack(before, until);
			await using next = await again(daemon);
			await assertFormer(next);
			assert.equal(look(), before);
		});

	test('the rollback happens although the daemon hangs, and it respects that when it continues', async () => {
		const { daemon, before } = await start();
		await using _ = daemon;
		const until = await reloadFor(daemon, 6);
		suspend(daemon.process.pid);
		await assertGoesBack(before, until);
		daemon.process.kill('SIGCONT');
		await assertFormer(daemon);
		await sleep(500);
		assert.equal(look(), before);
	});

	test('a restarted daemon keeps the deadline', async () => {
		const { daemon, before } = await start();
		const until = await reloadFor(daemon, 12);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		await using next = await again(daemon);
		assert.equal(await appPorts(next), '*');
		await assertGoesBack(before, until);
		await assertFormer(next);
	});

	test('after enable --confirm and reload --confirm it rolls back to the state before the first', async () => {
		const { daemon } = await start();
		await using _ = daemon;
		daemon.ask('disable');
		const before = rulesOf(lab.host);
		daemon.ask('enable', '--confirm', '60');
		await assertGoesBack(before, await reloadFor(daemon, 6));
		const { stdout } = await eventually(
			() => daemon.ask('status'),
			({ stdout: text }) => told.test(text),
		);
		assert.match(stdout, /^interception {2}disabled since /);
		assert.equal(await appPorts(daemon), '8080');
	});

	test('revert rolls back at once', async () => {
		const { daemon, before } = await start();
		await using _ = daemon;
		await reloadFor(daemon, 60);
		const paths = ['--socket', daemon.socket, '--state-directory', join(daemon.folder, 'state')];
		assert.equal(turnout(lab.host, ['revert', ...paths]).stdout, 'Rolled back to the state before\n');
		assert.equal(await wholeRulesOf(lab.host), before);
		await assertFormer(daemon);
	});

	test('settings that are refused leave nothing to confirm', async () => {
		const { daemon, before } = await start();
		await using _ = daemon;
		write('22');
		assert.equal(daemon.ask('reload', '--confirm', '60').code, 1);
		assert.equal(daemon.status().confirmUntil, undefined);
		assert.equal(look(), before);
	});
});

test('Envoy rolls back as well, to its former ports, and no connection is lost', async () => {
	await using stack = new AsyncDisposableStack();
	const place = await createEnvoyHost(stack);
	const file = join(stack.use(createScratch('settings')).path, 'turnout.yaml');
	const write = (text: string) => writeFileSync(file, text);
	write('egressPort: 15001\n');
	await using daemon = await startDaemon(place.lab.host, { args: [...place.args, '--config', file] });
	await eventually(
		() => daemon.readStatus(),
		({ is, envoy }) => is === 'enabled' && envoy.state === 'live',
	);
	const before = await wholeRulesOf(place.lab.host);
	const load = await startLoad(place);
	write('{egressPort: 16001, ingressPort: 16000, envoy: {adminPort: 9902}}\n');
	const { stdout, stderr } = daemon.ask('reload', '--confirm', '12');
	assert.match(stdout, /^changed: .*egressPort/, stderr);
	assert.match(rulesOf(place.lab.host), /--to-ports 16001/);
	await eventually(() => rulesOf(place.lab.host) === before, Boolean, 60_000);
	const { envoy, is } = daemon.status();
	assert.deepEqual([envoy.state, envoy.listeners?.includes(15_001), is], ['live', true, 'enabled']);
	const counters = await stopLoad(load);
	for (const { failures } of counters) assert.deepEqual(failures, {}, summary(counters));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { openConnection, startListener } from '../../support/talk.ts';
import { answers, createTalkingHost } from '../../support/talking-host.ts';

const both = ['v4', 'v6'] as const;

/** Not an application port: it leads to one by a rule of somebody else's. */
const OTHERS_PORT = 8443;

function redirectByOthers(host: Namespace): void {
	const rule = ['-p', 'tcp', '--dport', String(OTHERS_PORT), '-j', 'REDIRECT', '--to-ports', '8080'];
	for (const program of ['iptables-nft', 'ip6tables-nft'])
		host.run(program, ['-t', 'nat', '-A', 'PREROUTING', ...rule]);
}

/** Where nobody else tracks connections, the kernel has no entry of what began before. */
const hosts = [
	...backends.map(({ backend }) => ({ backend, isBare: true })),
	{ backend: 'iptables-nft', isBare: false },
];

for (const { backend, isBare } of hosts)
	test(`on a ${isBare ? 'bare' : 'tracking'} ${backend} host connections that were open before are counted, and ended where that is asked`, async (context) => {
		using place = await createTalkingHost();
		const { lab, listen, open } = place;
		if (!isBare) redirectByOthers(lab.host);
		await Promise.all([listen('host', 'other', 9090), listen('world', 'remote sshd', 22)]);
		const args = ['--backend', backend, '--app-ports', '8080'];
		await using first = await startDaemon(lab.host, { args });

		const spared = await Promise.all(
			both.flatMap((family) => [
				open('world', addresses.host[family], 22),
				open('world', addresses.host[family], 9090),
				...(isBare ? [] : [open('world', addresses.host[family], OTHERS_PORT)]),
				open('host', addresses.host[family], 8080),
				open('host', addresses.remote[family], 22),
				open('host', addresses.remote[family], 443, 1337),
				open('host', family === 'v4' ? '127.0.0.1' : '::1', 8080),
			]),
		);
		const passing = await Promise.all(
			both.flatMap((family) => [
				open('host', addresses.remote[family], 443),
				open('world', addresses.host[family], 8080),
			]),
		);
		assert.equal(first.status().bypassing, 0);
		const said = first.ask('enable').stdout;
		await context.test('enable tells how many go past Envoy, and what ends them', () =>
			assert.match(said, /^bypassing {5}4 opened before; `turnout enable --cut-existing` ends them$/m),
		);
		const captured = await Promise.all(
			both.flatMap((family) => [
				open('host', addresses.remote[family], 443),
				open('world', addresses.host[family], 8080),
			]),
		);
		await context.test('what is opened from then on is captured and not counted', async () => {
			for (const talker of captured) assert.match(await answers(talker, 'word'), /^(egress|ingress) hears/);
			assert.equal(first.status().bypassing, 4);
		});
		await context.test('nor is it after disable and enable', () => {
			assert.equal(first.ask('disable').code, 0);
			assert.equal(first.status().bypassing, 0);
			assert.equal(JSON.parse(first.ask('enable', '--json').stdout).bypassing, 4);
		});
		await context.test('one that ends is counted no longer', async () => {
			const [gone] = passing.splice(0, 1);
			gone?.[Symbol.dispose]();
			await eventually(
				async () => (await first.readStatus()).bypassing,
				(existing) => existing === 3,
			);
		});

		first.process.kill('SIGKILL');
		await first.ended;
		await using second = await startDaemon(lab.host, { args, folder: first.folder });
		await context.test('a daemon that was killed and comes back knows them', () =>
			assert.equal(second.status().bypassing, 3),
		);
		const status = JSON.parse(second.ask('enable', '--cut-existing', '--json').stdout);
		await context.test('they are ended, and nothing else is', async () => {
			assert.deepEqual([status.cut, status.bypassing], [{ ended: 3, left: 0, unheard: 0 }, 0]);
			for (const talker of passing) assert.match(await answers(talker, 'word'), /^ECONN(RESET|ABORTED)$/);
			for (const talker of [...spared, ...captured]) assert.match(await answers(talker, 'word'), / hears word$/);
		});
		await context.test('there is nothing more to end', () =>
			assert.match(second.ask('enable', '--cut-existing').stdout, /^0 connections were ended\n/),
		);
		// Or the daemon would wait for them.
		place.closeAll();
	});

test('whoever asks for it over SSH keeps the session, also where sshd listens elsewhere and all ports are captured', async () => {
	using lab = createHost({ container: false });
	using _sshd = await startListener(lab.host, 'sshd', 2222);
	using _app = await startListener(lab.host, 'app', 8080);
	using _envoy = await startListener(lab.host, 'ingress', 15000, 1337);
	using _egress = await startListener(lab.host, 'egress', 15001, 1337);
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '*'] });
	using session = await openConnection(lab.world, addresses.host.v4, 2222);
	using other = await openConnection(lab.world, addresses.host.v4, 8080);
	const env = { SSH_CONNECTION: `${addresses.remote.v4} 50000 ${addresses.host.v4} 2222` };
	const args = ['enable', '--cut-existing', '--socket', daemon.socket];
	const { stdout } = turnout(lab.host, args, { env });
	assert.match(stdout, /^1 connection was ended, 1 left open$/m);
	assert.match(stdout, /like your SSH login, are redirected to Envoy from now on; your open one is not affected/);
	for (const talker of [session, other]) talker.say('word');
	assert.match(await session.receive(), / hears word$/);
	assert.match(await other.receive(), /^ECONN(RESET|ABORTED)$/);
});

test('--cut-existing ends nothing while Envoy does not listen', async () => {
	using lab = createHost({ container: false });
	using _ = await startListener(lab.world, 'remote', 443);
	await using daemon = await startDaemon(lab.host);
	using talker = await openConnection(lab.host, addresses.remote.v4, 443);
	const { stdout } = daemon.ask('enable', '--cut-existing');
	assert.match(stdout, /^No connection was ended: Envoy does not listen yet\n/);
	assert.match(stdout, /^bypassing {5}1 opened before;/m);
	talker.say('word');
	assert.equal(await talker.receive(), 'remote hears word');
});

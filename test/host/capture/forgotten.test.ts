// Connections that the kernel's connection tracking has forgotten: flushed, or idle for longer than it remembers.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import type { Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { lookAt } from '../../support/doctor-host.ts';
import { eventually } from '../../support/eventually.ts';
import { isWhole } from '../../support/own-rules.ts';
import { run } from '../../support/run.ts';
import { answers, createTalkingHost, type TalkingHost } from '../../support/talking-host.ts';

const families = ['v4', 'v6'] as const;
const { host: own, remote } = addresses;
const EACH = 3;
const DRAIN = ['--envoy-drain-seconds', '5'];

/** What empties our tables, and what leads to our chains of nat for outbound connections. */
const flushes: Readonly<Record<Dialect, Readonly<Record<'all' | 'nat output', string>>>> = {
	'iptables-nft': flushesOf('nft'),
	'iptables-legacy': flushesOf('legacy'),
	nft: { all: 'nft flush table inet turnout', 'nat output': 'nft flush chain inet turnout nat_output' },
};

function flushesOf(dialect: string) {
	const each = (args: string) => `for family in iptables ip6tables; do $family-${dialect} -w -t ${args}; done`;
	return { all: `${each('nat -F')}; ${each('mangle -F')}`, 'nat output': each('nat -F OUTPUT') };
}

/** As many inbound and outbound ones in each family. */
async function openAll({ open }: TalkingHost) {
	const places = families.flatMap((family) => [
		{ from: 'host', to: remote[family], port: 443, by: 'egress', plain: 'remote' } as const,
		{ from: 'world', to: own[family], port: 8080, by: 'ingress', plain: 'app' } as const,
	]);
	const all = Array.from({ length: EACH }, () => places).flat();
	return Promise.all(all.map(async ({ from, to, port, ...who }) => ({ ...who, talker: await open(from, to, port) })));
}

async function forget(lab: Host): Promise<void> {
	for (const family of ['ipv4', 'ipv6']) lab.host.run('conntrack', ['-F', '-f', family]);
}

async function enabled(daemon: TestDaemon, lab: Host, backend: Dialect): Promise<void> {
	assert.equal(daemon.ask('enable', '--json').stderr, '');
	await eventually(
		() => isWhole(lab.host, backend),
		(is) => is,
	);
}

for (const { backend } of backends)
	test(`captured connections survive the loss of their conntrack entries, with ${backend}`, async (context) => {
		using place = await createTalkingHost();
		const { lab, ingress, egress } = place;
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backend, '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, backend);
		const captured = await openAll(place);
		const allAnswer = async (word: string) => {
			for (const { talker, by } of captured) assert.equal(await answers(talker, word), `${by} hears ${word}`);
		};
		await allAnswer('first');
		await context.test('conntrack is flushed, and all twelve continue', async () => {
			await forget(lab);
			await allAnswer('after');
		});
		await context.test(
			'conntrack is flushed and Envoy speaks first: it is heard once the other side has spoken',
			async () => {
				await forget(lab);
				for (const listener of [ingress, egress]) listener.say('soon');
				// Long enough for what would end the connection to arrive.
				await sleep(500);
				for (const { talker } of captured) talker.say('now');
				for (const { talker, by } of captured)
					assert.deepEqual([await talker.receive(), await talker.receive()].sort(), [
						`${by} hears now`,
						`${by} says soon`,
					]);
			},
		);
		await context.test("idle for longer than conntrack's timeout", async () => {
			lab.host.run('sh', ['-c', 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established']);
			await allAnswer('short');
			await sleep(3_000);
			lab.host.run('sh', ['-c', 'echo 432000 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established']);
			await allAnswer('again');
		});
		await context.test('flushed before another enable', async () => {
			assert.equal(daemon.ask('diff').code, 0);
			await forget(lab);
			assert.equal(daemon.ask('enable', '--json').stderr, '');
			await allAnswer('once more');
			assert.ok(isWhole(lab.host, backend));
		});
	});

test('where the kernel picks no connection up, a forgotten one hangs, and the doctor warns of that', async () => {
	using place = await createTalkingHost();
	const { lab } = place;
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', ...DRAIN] });
	await enabled(daemon, lab, 'iptables-nft');
	const captured = await openAll(place);
	for (const { talker, by } of captured) assert.equal(await answers(talker, 'first'), `${by} hears first`);
	lab.host.run('sysctl', ['-qw', 'net.netfilter.nf_conntrack_tcp_loose=0']);
	await forget(lab);
	const silence = sleep(2_000, 'silence');
	const heard = captured.map(({ talker }) => Promise.race([answers(talker, 'after'), silence]));
	assert.deepEqual([...new Set(await Promise.all(heard))], ['silence']);
	const { of } = lookAt(lab.host, ['--socket', daemon.socket]);
	assert.match(of('conntrack').join(), /^ok,warning: net\.netfilter\.nf_conntrack_tcp_loose is 0/);
});

interface Stage {
	readonly context: TestContext;
	readonly backend: Dialect;
}

/** Nobody else tracks connections on a bare host. Half of them say nothing until all of it is captured. */
async function testOpenBefore({ context, backend }: Stage, enable: (lab: Host) => Promise<void>): Promise<void> {
	using place = await createTalkingHost();
	const { lab, sshd, open } = place;
	const before = await openAll(place);
	const sessions = await Promise.all(families.map((family) => open('world', own[family], 22)));
	for (const { talker, plain } of before.filter((_, at) => at % 2 === 0))
		assert.equal(await answers(talker, 'active'), `${plain} hears active`);
	await enable(lab);
	assert.ok(isWhole(lab.host, backend));
	await context.test('connections in and out, that were active and that were idle', async () => {
		for (const { talker, plain } of before) assert.equal(await answers(talker, 'on'), `${plain} hears on`);
	});
	await context.test(
		'SSH sessions, on which the host speaks first, also when the kernel has forgotten them',
		async () => {
			for (const word of ['hello', 'again']) {
				sshd.say(word);
				for (const session of sessions) assert.equal(await session.receive(), `sshd says ${word}`);
				await forget(lab);
			}
		},
	);
}

for (const { backend } of backends) {
	test(`on a host without conntrack entries open connections survive an enable by the daemon, with ${backend}`, (context) =>
		testOpenBefore({ context, backend }, async (lab) => {
			await using daemon = await startDaemon(lab.host, {
				args: ['--backend', backend, '--app-ports', '8080', ...DRAIN, '--on-stop', 'keep'],
			});
			await enabled(daemon, lab, backend);
		}));

	test(`on a host without conntrack entries open connections survive init, with ${backend}`, (context) =>
		testOpenBefore({ context, backend }, async (lab) => {
			const { stdout } = run(lab.host, ['init', '--json', '--backend', backend, '--app-ports', '8080']);
			assert.deepEqual(JSON.parse(stdout).notices, []);
		}));

	test(`connections opened while the rules were gone survive the repair, with ${backend}`, async () => {
		using place = await createTalkingHost();
		const { lab } = place;
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backend, '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, backend);
		suspend(daemon.process.pid);
		lab.host.run('sh', ['-ec', flushes[backend].all]);
		const past = await openAll(place);
		for (const { talker, plain } of past) assert.equal(await answers(talker, 'past'), `${plain} hears past`);
		await forget(lab);
		daemon.process.kill('SIGCONT');
		await eventually(
			() => isWhole(lab.host, backend),
			(is) => is,
		);
		for (const { talker, plain } of past) assert.equal(await answers(talker, 'on'), `${plain} hears on`);
		assert.equal(daemon.ask('diff').code, 0);
	});

	test(`connections from before survive a repair of the redirection, with ${backend}`, async () => {
		using place = await createTalkingHost();
		const { lab } = place;
		const before = await openAll(place);
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backend, '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, backend);
		lab.host.run('sh', ['-ec', flushes[backend]['nat output']]);
		await eventually(
			() => isWhole(lab.host, backend),
			(is) => is,
		);
		// Until those that have ended are forgotten.
		await sleep(1_500);
		for (const { talker, plain } of before) assert.equal(await answers(talker, 'on'), `${plain} hears on`);
		assert.equal(daemon.ask('diff').code, 0);
	});
}

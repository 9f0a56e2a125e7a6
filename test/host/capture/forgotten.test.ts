// Connections that the kernel's connection tracking has forgotten: flushed, or idle for longer than it remembers.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { backendOf, dialects } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { run } from '../../support/run.ts';
import { savedText } from '../../support/saved.ts';
import { answers, createTalkingHost, type TalkingHost } from '../../support/talking-host.ts';

const families = ['v4', 'v6'] as const;
const { host: own, remote } = addresses;
const EACH = 3;
const DRAIN = ['--envoy-drain-seconds', '5'];

/** Behind the second stage any packet is captured that begins a connection to the kernel. */
const isWhole = (host: Host, dialect: Dialect) => {
	const hooks = savedText(host.host, dialect)
		.split('\n')
		.filter((line) => /^-A OUTPUT .* ! --tcp-flags .*-j APPMESH_EGRESS$/.test(line));
	return hooks.length === 2;
};

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

async function enabled(daemon: TestDaemon, lab: Host, dialect: Dialect): Promise<void> {
	assert.equal(daemon.ask('enable', '--json').stderr, '');
	await eventually(
		() => isWhole(lab, dialect),
		(is) => is,
	);
}

for (const dialect of dialects)
	test(`captured connections survive the loss of their conntrack entries, with ${dialect}`, async (context) => {
		using place = await createTalkingHost();
		const { lab, ingress, egress } = place;
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backendOf(dialect), '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, dialect);
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
			assert.ok(isWhole(lab, dialect));
		});
	});

interface Stage {
	readonly context: TestContext;
	readonly dialect: Dialect;
}

/** Nobody else tracks connections on a bare host. Half of them say nothing until all of it is captured. */
async function testOpenBefore({ context, dialect }: Stage, enable: (lab: Host) => Promise<void>): Promise<void> {
	using place = await createTalkingHost();
	const { lab, sshd, open } = place;
	const before = await openAll(place);
	const sessions = await Promise.all(families.map((family) => open('world', own[family], 22)));
	for (const { talker, plain } of before.filter((_, at) => at % 2 === 0))
		assert.equal(await answers(talker, 'active'), `${plain} hears active`);
	await enable(lab);
	assert.ok(isWhole(lab, dialect));
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

for (const dialect of dialects) {
	test(`on a host without conntrack entries open connections survive an enable by the daemon, with ${dialect}`, (context) =>
		testOpenBefore({ context, dialect }, async (lab) => {
			await using daemon = await startDaemon(lab.host, {
				args: ['--backend', backendOf(dialect), '--app-ports', '8080', ...DRAIN, '--on-stop', 'keep'],
			});
			await enabled(daemon, lab, dialect);
		}));

	test(`on a host without conntrack entries open connections survive init, with ${dialect}`, (context) =>
		testOpenBefore({ context, dialect }, async (lab) => {
			const { stdout } = run(lab.host, ['init', '--json', '--backend', backendOf(dialect), '--app-ports', '8080']);
			assert.deepEqual(JSON.parse(stdout).notices, []);
		}));

	test(`connections opened while the rules were gone survive the repair, with ${dialect}`, async () => {
		using place = await createTalkingHost();
		const { lab } = place;
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backendOf(dialect), '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, dialect);
		daemon.process.kill('SIGSTOP');
		for (const program of ['iptables', 'ip6tables'])
			for (const table of ['nat', 'mangle']) lab.host.run(`${program}-${dialect}`, ['-w', '-t', table, '-F']);
		const past = await openAll(place);
		for (const { talker, plain } of past) assert.equal(await answers(talker, 'past'), `${plain} hears past`);
		await forget(lab);
		daemon.process.kill('SIGCONT');
		await eventually(
			() => isWhole(lab, dialect),
			(is) => is,
		);
		for (const { talker, plain } of past) assert.equal(await answers(talker, 'on'), `${plain} hears on`);
		assert.equal(daemon.ask('diff').code, 0);
	});

	test(`connections from before survive a repair of the redirection, with ${dialect}`, async () => {
		using place = await createTalkingHost();
		const { lab } = place;
		const before = await openAll(place);
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backendOf(dialect), '--app-ports', '8080', ...DRAIN],
		});
		await enabled(daemon, lab, dialect);
		for (const program of ['iptables', 'ip6tables'])
			lab.host.run(`${program}-${dialect}`, ['-w', '-t', 'nat', '-F', 'OUTPUT']);
		await eventually(
			() => isWhole(lab, dialect),
			(is) => is,
		);
		// Until those that have ended are forgotten.
		await sleep(1_500);
		for (const { talker, plain } of before) assert.equal(await answers(talker, 'on'), `${plain} hears on`);
		assert.equal(daemon.ask('diff').code, 0);
	});
}

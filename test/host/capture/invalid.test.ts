// A packet that the kernel's connection tracking calls INVALID, in the middle of a captured connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { type Backend, backends } from '../../support/dialects.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
import { createEnvoyHost } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { isWhole } from '../../support/own-rules.ts';
import { openConnection } from '../../support/talk.ts';
import { answers, createTalkingHost } from '../../support/talking-host.ts';

const { host: own, world, remote } = addresses;
const ROUNDS = 5;

/**
 * Segments all over the sequence space: whatever a connection's numbers are, some are far out of its window with an ack in
 * it, as a sender's old retransmission is. What is dropped on its way out is an error to its sender.
 */
const program = `
import socket, struct, sys
source, sport, target, dport = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
family = socket.AF_INET6 if ':' in source else socket.AF_INET
a, b = socket.inet_pton(family, source), socket.inet_pton(family, target)
def checksum(data):
	total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
	while total >> 16: total = (total & 0xffff) + (total >> 16)
	return ~total & 0xffff
def segment(seq, ack, check):
	return struct.pack('!HHIIBBHHH', sport, dport, seq, ack, 5 << 4, 0x18, 500, check, 0) + b'late'
size = struct.pack('!I', 24) + b'\\0\\0\\0\\x06' if family == socket.AF_INET6 else struct.pack('!BBH', 0, 6, 24)
raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((source, 0))
for seq in range(1, 2 ** 32, 2 ** 29):
	for ack in range(1, 2 ** 32, 2 ** 29):
		try: raw.sendto(segment(seq, ack, checksum(a + b + size + segment(seq, ack, 0))), (target, 0))
		except PermissionError: pass`;

interface Ends {
	readonly from: string;
	readonly fromPort: number;
	readonly to: string;
	readonly toPort: number;
}

const sendInvalid = (namespace: Namespace, { from, fromPort, to, toPort }: Ends): string =>
	namespace.run('/usr/bin/python3', ['-c', program, from, `${fromPort}`, to, `${toPort}`]);

/** By the kernel's own count; that of nft is one for both families. */
function droppedBy({ host }: Host, { backend, dialect }: Backend, iptables: string): number {
	const counts =
		backend === 'nft'
			? host
					.run('nft', ['list', 'counters', 'table', 'inet', 'turnout'])
					.matchAll(/mangle_(?:invalid|lost)[^}]*packets (\d+)/g)
			: host
					.run(`${iptables}-${dialect}-save`, ['-c', '-t', 'mangle'])
					.matchAll(/^\[(\d+):.*would (?:go past|leave)/gm);
	return [...counts].map(([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
}

for (const each of backends)
	for (const family of ['v4', 'v6'] as const)
		test(`INVALID packets end no captured connection, with ${each.backend} over IP${family}`, async (context) => {
			const { backend } = each;
			using place = await createTalkingHost();
			const { lab } = place;
			const args = ['--backend', backend, '--app-ports', '8080', '--envoy-drain-seconds', '5'];
			await using daemon = await startDaemon(lab.host, { args: [...args, '--start-enabled', '1'] });
			await eventually(
				() => isWhole(lab.host, backend),
				(is) => is,
			);
			await context.test('inbound, from the client', async () => {
				for (let round = 0; round < ROUNDS; round += 1) {
					const fromPort = 40_000 + round;
					using into = await openConnection(lab.world, own[family], 8080, { localPort: fromPort });
					assert.equal(await answers(into, 'first'), 'ingress hears first');
					sendInvalid(lab.world, { from: world[family], fromPort, to: own[family], toPort: 8080 });
					assert.equal(await answers(into, 'second'), 'ingress hears second');
				}
			});
			await context.test('inbound, from Envoy', async () => {
				for (let round = 0; round < ROUNDS; round += 1) {
					const toPort = 41_000 + round;
					using into = await openConnection(lab.world, own[family], 8080, { localPort: toPort });
					assert.equal(await answers(into, 'first'), 'ingress hears first');
					const ends = { from: own[family], fromPort: 15_000, to: world[family], toPort };
					sendInvalid(as1337(lab.host), ends);
					assert.equal(await answers(into, 'second'), 'ingress hears second');
				}
			});
			await context.test('outbound, from the program', async () => {
				for (let round = 0; round < ROUNDS; round += 1) {
					const fromPort = 42_000 + round;
					using out = await openConnection(lab.host, remote[family], 443, { localPort: fromPort });
					assert.equal(await answers(out, 'first'), 'egress hears first');
					sendInvalid(lab.host, { from: own[family], fromPort, to: remote[family], toPort: 443 });
					assert.equal(await answers(out, 'second'), 'egress hears second');
				}
			});
			assert.ok(droppedBy(lab, each, family === 'v4' ? 'iptables' : 'ip6tables') > 0);
			assert.ok(daemon.status().counters.dropped > 0);
		});

/** With the right to send what one likes, as Envoy's own socket would. */
const as1337 = (namespace: Namespace): Namespace => ({
	...namespace,
	run: (file, args) =>
		namespace.run('setpriv', [
			...['--reuid=1337', '--regid=1337', '--clear-groups', '--inh-caps=+net_raw', '--ambient-caps=+net_raw'],
			...[file, ...args],
		]),
});

test('a connection through a real Envoy survives INVALID packets', async () => {
	await using stack = new AsyncDisposableStack();
	const { lab, args } = await createEnvoyHost(stack);
	stack.use(await startEcho(lab.host, 8081));
	await using daemon = await startDaemon(lab.host, {
		args: [...args, '--app-ports', '8081', '--envoy-drain-seconds', '5'],
	});
	await eventually(
		() => lab.host.run('iptables-nft-save', []),
		(text) => text.includes('-j APPMESH_INVALID'),
	);
	using held = await openEchoConnection(lab.world, { address: own.v4, port: 8081, uid: 0 });
	const [, port = ''] = /10\.77\.0\.1:(\d+)/.exec(lab.world.run('ss', ['-Htn', 'dport', '=', ':8081'])) ?? [];
	for (let round = 0; round < ROUNDS; round += 1) {
		sendInvalid(lab.world, { from: world.v4, fromPort: Number(port), to: own.v4, toPort: 8081 });
		assert.equal(await held.echo(`round ${round}`), `round ${round}`);
	}
	assert.ok(daemon.status().counters.dropped > 0);
	for (const family of ['ipv4', 'ipv6']) lab.host.run('conntrack', ['-F', '-f', family]);
	assert.equal(await held.echo('forgotten'), 'forgotten');
});

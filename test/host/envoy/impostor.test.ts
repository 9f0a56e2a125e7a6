// Whoever takes Envoy's ports while it is away is given nothing of what is captured.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { unhurried } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
import { createEnvoyHost, pidOf } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { ownRules } from '../../support/own-rules.ts';
import { run } from '../../support/run.ts';

const families = ['v4', 'v6'] as const;
const { host: own, remote } = addresses;

/** Tries without a pause to have both ports, and answers whoever comes. Tells once it has one, and of each connection. */
const program = `
import os, socket, sys, threading
flags, backlog = [int(flag) for flag in sys.argv[1].split(',')], int(sys.argv[2])
def take(port):
	while True:
		server = socket.socket(socket.AF_INET6)
		for flag in flags:
			server.setsockopt(socket.SOL_SOCKET, flag, 1)
		try:
			server.bind(('::', port))
			server.listen(backlog)
			break
		except OSError:
			server.close()
	print('has', port, flush=True)
	while True:
		client, _ = server.accept()
		print('got', port, client.getpeername(), flush=True)
		client.sendall(b'impostor\\n')
		client.close()
for port in (15000, 15001):
	threading.Thread(target=take, args=(port,), daemon=True).start()
sys.stdin.read()`;

interface Impostor extends Disposable {
	/** Resolves once it has both. */
	readonly has: () => Promise<unknown>;
	readonly got: () => readonly string[];
}

function startImpostor(host: Namespace, { flags = '2', backlog = 128 } = {}): Impostor {
	const child = host.spawn('python3', ['-c', program, flags, `${backlog}`], {
		...{ uid: 1000, cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: ['pipe', 'pipe', 'inherit'] },
	});
	const lines: string[] = [];
	if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
	const count = (word: string) => lines.filter((line) => line.startsWith(word));
	return {
		has: () =>
			eventually(
				() => count('has'),
				(seen) => seen.length === 2,
			),
		got: () => count('got'),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

/** SO_REUSEADDR and SO_REUSEPORT (asm-generic/socket.h). With room for one, others are answered with SYN cookies. */
const ways = [
	{ title: 'with SO_REUSEADDR' },
	{ title: 'with SO_REUSEPORT too', flags: '2,15' },
	{ title: 'with room for hardly anybody', backlog: 0 },
];

for (const { backend } of backends)
	test(`with ${backend} no user but Envoy's is given what is captured, however the ports of a dead Envoy are taken`, async (context) => {
		using lab = createHost({ container: false });
		using stack = new DisposableStack();
		const [world, app, root] = [
			stack.use(createPeer(lab.world)),
			stack.use(createPeer(lab.host, { uid: 1000 })),
			stack.use(createPeer(lab.host)),
		];
		await Promise.all([world.listen('remote', [443]), app.listen('app', [8080])]);
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backend, '--app-ports', '8080', '--start-enabled', '1'],
		});
		const calls: readonly (readonly [Peer, string, number])[] = families.flatMap((family) => [
			[root, remote[family], 443] as const,
			[app, remote[family], 443] as const,
			[world, own[family], 8080] as const,
		]);
		const callAll = (times: number, timeoutMs: number) =>
			Promise.all(
				Array.from({ length: times }, () => calls)
					.flat()
					.map(([who, to, port]) => who.connect(to, port, { timeoutMs })),
			);
		for (const { title, ...how } of ways)
			await context.test(title, async () => {
				const envoy = createPeer(lab.host, { uid: 1337 });
				await envoy.listen('envoy', [15_000, 15_001]);
				for (const answer of await callAll(1, unhurried.timeoutMs))
					assert.partialDeepStrictEqual(answer, { by: 'envoy' });
				using impostor = startImpostor(lab.host, how);
				envoy[Symbol.dispose]();
				await impostor.has();
				for (const { kind } of await callAll(5, 1_500)) assert.equal(kind, 'timeout');
				assert.deepEqual(impostor.got(), []);
				const { conditions } = daemon.status();
				const ports = conditions.find(({ subject }) => subject === 'ports');
				assert.match(
					JSON.stringify(ports),
					/port 1500[01] is held by python3 \(pid \d+\) of user 1000, which is not Envoy's/,
				);
				assert.equal(daemon.ask('wait', '--timeout', '0').code, 1);
				impostor[Symbol.dispose]();
				await eventually(
					() => root.connect(remote.v4, 443),
					({ kind }) => kind === 'refused',
				);
				assert.equal(daemon.status().conditions.find(({ subject }) => subject === 'ports')?.ok, true);
			});
		assert.equal(daemon.ask('disable').code, 0);
		run(lab.host, ['clean']);
		assert.equal(ownRules(lab.host, backend), '');
		// What hangs on the kernel for our sake alone has gone with us.
		if (backend !== 'iptables-legacy')
			assert.doesNotMatch(lab.host.run('nft', ['list', 'ruleset']), /type (route|filter) hook/);
	});

for (const onEnvoyFailure of ['closed', 'open'] as const)
	test(`with Envoy killed and onEnvoyFailure ${onEnvoyFailure}, nobody who takes its ports is given a connection`, async () => {
		await using stack = new AsyncDisposableStack();
		const { lab, world, app, args } = await createEnvoyHost(stack);
		await using daemon = await startDaemon(lab.host, {
			args: [...args, '--on-envoy-failure', onEnvoyFailure, '--envoy-grace-seconds', '1'],
		});
		using impostor = startImpostor(lab.host);
		await using outbound = await app.startLoad({ address: remote.v4, port: 443, limitMs: 60_000, timeoutMs: 500 });
		await using inbound = await world.startLoad({ address: own.v6, port: 8080, limitMs: 60_000, timeoutMs: 500 });
		process.kill(pidOf(daemon), 'SIGKILL');
		await impostor.has();
		if (onEnvoyFailure === 'open')
			await eventually(
				() => app.connect(remote.v4, 443),
				(answer) => answer.kind === 'answered' && answer.by === 'remote',
			);
		for (const load of [outbound, inbound]) assert.equal((await load.stop()).by['impostor'], undefined);
		assert.deepEqual(impostor.got(), []);
		impostor[Symbol.dispose]();
		await eventually(
			async () => (await daemon.readStatus()).is,
			(is) => is === 'enabled' && daemon.status().envoy.state === 'live',
			60_000,
		);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.partialDeepStrictEqual(await world.connect(own.v6, 8080, unhurried), { by: 'app' });
	});

test('where the kernel answers with SYN cookies only, Envoy gets what is captured, and status says what that costs', async () => {
	using lab = createHost({ container: false });
	lab.host.run('sh', ['-c', 'echo 2 > /proc/sys/net/ipv4/tcp_syncookies']);
	using envoy = createPeer(lab.host, { uid: 1337 });
	using app = createPeer(lab.host, { uid: 1000 });
	await envoy.listen('envoy', [15_000, 15_001]);
	await using daemon = await startDaemon(lab.host, { args: ['--start-enabled', '1'] });
	for (const family of families)
		assert.partialDeepStrictEqual(await app.connect(remote[family], 443, unhurried), { by: 'envoy' });
	assert.match(daemon.ask('status').stdout, /!! {2}syncookies: .*\n +sysctl net\.ipv4\.tcp_syncookies=1/);
	assert.equal(daemon.ask('wait', '--timeout', '0').code, 0);
});

test('where only some users are captured, an Envoy that somebody else runs as any other user answers', async () => {
	using lab = createHost({ container: false });
	using envoy = createPeer(lab.host, { uid: 2000 });
	using app = createPeer(lab.host, { uid: 1000 });
	await envoy.listen('envoy', [15_001]);
	run(lab.host, ['init', '--only-uids', '1000']);
	for (const family of families)
		assert.partialDeepStrictEqual(await app.connect(remote[family], 443, unhurried), { by: 'envoy' });
	envoy[Symbol.dispose]();
	using taker = createPeer(lab.host, { uid: 1000 });
	await taker.listen('taker', [15_001]);
	assert.equal((await app.connect(remote.v4, 443, { timeoutMs: 1_500 })).kind, 'timeout');
});

// Two real Envoys on the same ports, each with an admin socket of its own: who is asked, who lets go, and that nobody else notices.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { overlayArguments } from '../../../src/envoy/overlay.ts';
import type { ProxyIdentity } from '../../../src/envoy/runtime.ts';
import { createProxyAdmin } from '../../../src/host/envoy/envoy-admin.ts';
import { createNamespace, type Namespace } from '../../lab/net/namespace.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { type FarAdmin, type FarProxyAdmin, openFarAdmin } from '../../support/far-admin.ts';

const ADMIN = 9901;
/** Leads to who says a name, and to who sends back what it is sent. */
const NAMED = 15001;
const ECHO = 15002;
const BEHIND = { [NAMED]: 8080, [ECHO]: 7 } as const;

interface Fixture {
	readonly host: Namespace;
	readonly far: FarAdmin;
	readonly start: (version?: Version) => Promise<Envoy>;
}

interface Envoy extends Pick<ProxyIdentity, 'admin' | 'instance'> {
	readonly pid: number;
	readonly asked: FarProxyAdmin;
	readonly stop: () => Promise<void>;
}

async function createPlace(stack: AsyncDisposableStack): Promise<Fixture> {
	const program = await findEnvoy();
	const host = stack.use(createNamespace('admin'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const app = stack.use(createPeer(host));
	await app.listen('app', [BEHIND[NAMED]]);
	stack.use(await startEcho(host, BEHIND[ECHO]));
	const far = stack.use(openFarAdmin(host));
	const { path: folder } = stack.use(createScratch('admin'));
	const file = join(folder, 'envoy.json');
	writeFileSync(file, bootstrap());
	const common = ['--config-path', file, '--disable-hot-restart', '--concurrency', '2', '--log-level', 'off'];
	const start = async (version: Version = 'now'): Promise<Envoy> => {
		const instance = randomUUID();
		const socketPath = join(folder, instance.slice(0, 8));
		const doors = { instance, socketPath, adminPort: ADMIN };
		const args = [...common, ...(version === 'now' ? overlayArguments(doors) : formerArguments(instance))];
		const admin = version === 'now' ? { socketPath } : { port: ADMIN };
		const child = host.spawn(program, args, { stdio: 'ignore' });
		stack.defer(() => end(child, 'SIGKILL'));
		const asked = far.admin({ admin, instance });
		await eventually(
			() => asked.info(),
			(info) => info?.state === 'LIVE',
		);
		return { instance, admin, pid: child.pid ?? 0, asked, stop: () => end(child, 'SIGTERM') };
	};
	return { host, far, start };
}

type Version = 'now' | 'former';

/** As a daemon had it before Envoys had sockets: two of them share the admin port. */
const formerArguments = (instance: string): string[] => {
	const reusePort = { description: 'SO_REUSEPORT', level: 1, name: 15, int_value: 1, state: 'STATE_PREBIND' };
	const admin = { socket_options: [reusePort] };
	return ['--config-yaml', JSON.stringify({ node: { metadata: { turnout: instance } }, admin })];
};

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exit = once(child, 'exit');
	child.kill(signal);
	await exit;
}

const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** By tcp_proxy, each port to the one behind it. */
function bootstrap(): string {
	const ways = Object.entries(BEHIND).map(([from, to]) => ({ name: `to-${to}`, from: Number(from), to }));
	const listeners = ways.map(({ name, from }) => ({
		...{ name, address: address(from) },
		filter_chains: [{ filters: [{ name: 'proxy', typed_config: { ...proxy, stat_prefix: name, cluster: name } }] }],
	}));
	const clusters = ways.map(({ name, to }) => ({
		name,
		load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(to) } }] }] },
	}));
	return JSON.stringify({ admin: { address: address(ADMIN) }, static_resources: { listeners, clusters } });
}

const proxy = { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' };

const signal = AbortSignal.timeout(600_000);

test('of two Envoys the one that was meant is asked, every time; also one that a former version has left, with its admin port', async () => {
	await using stack = new AsyncDisposableStack();
	const { far, start } = await createPlace(stack);
	const all = [await start('former'), await start(), await start()];
	for (const { asked } of all)
		for (let time = 1; time <= 30; time += 1) {
			assert.deepEqual(await asked.info(), { state: 'LIVE', version: '1.40.0' });
			assert.deepEqual(
				await asked.listeners(),
				[NAMED, ECHO].map((port) => ({ address: '127.0.0.1', port })),
			);
		}
	const [former, first, second] = all;
	assert.ok(former && first && second);
	for (const { admin } of all) assert.equal(await far.admin({ admin, instance: randomUUID() }).info(), undefined);
	await former.stop();
	await first.stop();
	assert.deepEqual([await former.asked.info(), await first.asked.info()], [undefined, undefined]);
	assert.equal((await second.asked.info())?.state, 'LIVE');
});

test('connections are those of the one that is asked, and no more when they have ended', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, far, start } = await createPlace(stack);
	const hold = async () => stack.use(await openEchoConnection(host, { address: '127.0.0.1', port: ECHO, uid: 1000 }));
	const former = await start();
	const held = [await hold(), await hold()];
	assert.equal(await former.asked.connections(), 2);
	await far.begin([NAMED, ECHO]);
	const next = await start();
	assert.deepEqual([await former.asked.connections(), await next.asked.connections()], [2, 0]);
	await far.finish(former);
	const later = await hold();
	assert.deepEqual([await former.asked.connections(), await next.asked.connections()], [2, 1]);
	for (const connection of held) assert.equal(await connection.echo('still here'), 'still here');
	for (const connection of held) await connection.close();
	await eventually(
		() => former.asked.connections(),
		(count) => count === 0,
	);
	assert.equal(await later.echo('still here'), 'still here');
	assert.equal(await next.asked.connections(), 1);
});

test('one that drains at once closes its own listeners and no others', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, start } = await createPlace(stack);
	const [former, next] = [await start(), await start()];
	const listening = ({ pid }: Envoy) => {
		const all = host.run('ss', ['--listening', '--tcp', '--numeric', '--processes', '--no-header']).split('\n');
		const own = all.filter((line) => line.includes(`pid=${pid},`));
		return new Set(own.map((line) => Number(/:(\d+) /.exec(line)?.[1])));
	};
	const all = new Set([NAMED, ECHO, ADMIN]);
	assert.deepEqual([listening(former), listening(next)], [all, all]);
	await former.asked.drain('at-once');
	await eventually(
		() => listening(former),
		(ports) => ports.size === 0,
	);
	assert.deepEqual(listening(next), all);
	assert.deepEqual(await next.asked.info(), { state: 'LIVE', version: '1.40.0' });
});

test('one that drains with grace goes on taking connections', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, start } = await createPlace(stack);
	const client = stack.use(createPeer(host));
	const envoy = await start();
	await envoy.asked.drain('graceful');
	assert.equal((await client.connect('127.0.0.1', NAMED)).kind, 'answered');
});

test('while clients connect without a pause one Envoy takes over from another, again and again, and none of them fails', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, far, start } = await createPlace(stack);
	const clients = stack.use(createPeer(host));
	const migrate = () => host.run('cat', ['/proc/sys/net/ipv4/tcp_migrate_req']);
	const before = migrate();
	let former = await start('former');
	const load = stack.use(await clients.startLoad({ address: '127.0.0.1', port: NAMED, clients: 8 }));
	for (let round = 1; round <= 6; round += 1) {
		await far.begin([NAMED, ECHO]);
		const next = await start();
		await far.finish(former);
		await eventually(
			() => former.asked.connections(),
			(count) => count === 0,
		);
		await former.stop();
		former = next;
	}
	const { connections, failures, limited } = await load.stop();
	assert.deepEqual([failures, limited], [{}, false]);
	assert.ok(connections > 1_000, String(connections));
	assert.equal(migrate(), before);
});

test("answers that are not Envoy's, come late or never end are not trusted", async () => {
	await using stack = new AsyncDisposableStack();
	const asked = (admin: ReturnType<typeof createProxyAdmin>, until: AbortSignal) =>
		Promise.all([admin.info(until), admin.listeners(until), admin.connections(until), admin.drain('at-once', until)]);
	const at = (socketPath: string, timeoutMs?: number) =>
		createProxyAdmin({ admin: { socketPath }, instance: 'i' }, timeoutMs);
	const nothing = [undefined, undefined, undefined, undefined];
	const other = await serve(stack, (_, reply) => void reply.end('{"state": 7}'));
	assert.deepEqual(await asked(at(other.path), signal), nothing);
	assert.deepEqual(await asked(at(other.path), AbortSignal.abort()), nothing);
	await other.close();
	assert.deepEqual(await asked(at(other.path), signal), nothing);
	const silent = await serve(stack, () => undefined);
	const over = new AbortController();
	const patient = asked(at(silent.path, 600_000), over.signal);
	assert.deepEqual(await asked(at(silent.path, 100), signal), nothing);
	assert.equal(await Promise.race([patient, 'still waiting']), 'still waiting');
	over.abort();
	assert.deepEqual(await patient, nothing);
	let sent = 0;
	const part = Buffer.alloc(1024 * 1024, ' ');
	const endless = await serve(stack, (_, reply) => {
		const send = () => {
			while (!reply.destroyed) {
				sent += part.length;
				if (!reply.write(part)) return void reply.once('drain', send);
			}
		};
		send();
	});
	assert.equal(await at(endless.path, 60_000).info(signal), undefined);
	assert.ok(sent < 64 * part.length, String(sent));
});

async function serve(stack: AsyncDisposableStack, answer: RequestListener) {
	const path = join(stack.use(createScratch('admin')).path, 'admin');
	const server = createServer(answer).listen(path);
	await once(server, 'listening');
	const close = async () => {
		if (!server.listening) return;
		const closed = once(server, 'close');
		server.close();
		server.closeAllConnections();
		await closed;
	};
	stack.defer(close);
	return { path, close };
}

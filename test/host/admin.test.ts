// Two real Envoys on the same ports, the admin port among them: who is asked, who lets go, and that nobody else notices.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createActor } from '../../lab/actor.ts';
import { findEnvoy } from '../../lab/envoy.ts';
import { createNamespace, type Namespace } from '../../lab/namespace.ts';
import { createScratch } from '../../lab/scratch.ts';
import { identityArguments } from '../../src/envoy/launch.ts';
import { createProxyAdmin } from '../../src/host/admin.ts';
import { eventually } from '../support/eventually.ts';
import { type FarAdmin, type FarProxyAdmin, openFarAdmin } from '../support/far-admin.ts';
import { createEcho, holdConnection } from '../support/held.ts';

const ADMIN = 9901;
/** Leads to who says a name, and to who sends back what it is sent. */
const NAMED = 15001;
const ECHO = 15002;
const BEHIND = { [NAMED]: 8080, [ECHO]: 7 } as const;

interface Place {
	readonly host: Namespace;
	readonly far: FarAdmin;
	readonly start: () => Promise<Envoy>;
}

interface Envoy {
	readonly instance: string;
	readonly pid: number;
	readonly admin: FarProxyAdmin;
	readonly stop: () => Promise<void>;
}

async function createPlace(stack: AsyncDisposableStack): Promise<Place> {
	const program = await findEnvoy();
	const host = stack.use(createNamespace('admin'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const app = stack.use(createActor(host));
	await app.listen('app', [BEHIND[NAMED]]);
	stack.use(await createEcho(host, BEHIND[ECHO]));
	const far = stack.use(openFarAdmin(host));
	const file = join(stack.use(createScratch('admin')).path, 'envoy.json');
	writeFileSync(file, bootstrap());
	const common = ['--config-path', file, '--disable-hot-restart', '--concurrency', '2', '--log-level', 'off'];
	const start = async (): Promise<Envoy> => {
		const instance = randomUUID();
		const args = [...common, ...identityArguments(instance)];
		const child = host.spawn(program, args, { stdio: 'ignore' });
		stack.defer(() => end(child, 'SIGKILL'));
		const admin = far.admin(ADMIN, instance);
		await eventually(
			() => admin.info(),
			(info) => info?.state === 'LIVE',
		);
		return { instance, pid: child.pid ?? 0, admin, stop: () => end(child, 'SIGTERM') };
	};
	return { host, far, start };
}

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

test('of two Envoys on one admin port the one that was meant is asked, every time', async () => {
	await using stack = new AsyncDisposableStack();
	const { far, start } = await createPlace(stack);
	const both = [await start(), await start()];
	for (const { admin } of both)
		for (let time = 1; time <= 30; time += 1) {
			assert.deepEqual(await admin.info(), { state: 'LIVE', version: '1.40.0' });
			assert.deepEqual(await admin.ports(), [NAMED, ECHO]);
		}
	assert.equal(await far.admin(ADMIN, randomUUID()).info(), undefined);
	await both[0]?.stop();
	assert.equal(await both[0]?.admin.info(), undefined);
	assert.equal((await both[1]?.admin.info())?.state, 'LIVE');
});

test('connections are those of the one that is asked, and no more when they have ended', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, far, start } = await createPlace(stack);
	const hold = async () => stack.use(await holdConnection(host, { address: '127.0.0.1', port: ECHO, uid: 1000 }));
	const former = await start();
	const held = [await hold(), await hold()];
	assert.equal(await former.admin.connections(), 2);
	await far.begin([NAMED, ECHO]);
	const next = await start();
	assert.deepEqual([await former.admin.connections(), await next.admin.connections()], [2, 0]);
	await far.finish(ADMIN, former.instance);
	const later = await hold();
	assert.deepEqual([await former.admin.connections(), await next.admin.connections()], [2, 1]);
	for (const connection of held) assert.equal(await connection.echo('still here'), 'still here');
	for (const connection of held) await connection.close();
	await eventually(
		() => former.admin.connections(),
		(count) => count === 0,
	);
	assert.equal(await later.echo('still here'), 'still here');
	assert.equal(await next.admin.connections(), 1);
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
	await former.admin.drain('at-once');
	await eventually(
		() => listening(former),
		(ports) => ports.size === 1 && ports.has(ADMIN),
	);
	assert.deepEqual(listening(next), all);
	assert.deepEqual(await next.admin.info(), { state: 'LIVE', version: '1.40.0' });
});

test('one that drains with grace goes on taking connections', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, start } = await createPlace(stack);
	const client = stack.use(createActor(host));
	const envoy = await start();
	await envoy.admin.drain('graceful');
	assert.equal((await client.connect('127.0.0.1', NAMED)).kind, 'answered');
});

test('while clients connect without a pause one Envoy takes over from another, again and again, and none of them fails', async () => {
	await using stack = new AsyncDisposableStack();
	const { host, far, start } = await createPlace(stack);
	const clients = stack.use(createActor(host));
	const migrate = () => host.run('cat', ['/proc/sys/net/ipv4/tcp_migrate_req']);
	const before = migrate();
	let former = await start();
	const storm = stack.use(await clients.storm({ address: '127.0.0.1', port: NAMED, clients: 8 }));
	for (let round = 1; round <= 6; round += 1) {
		await far.begin([NAMED, ECHO]);
		const next = await start();
		await far.finish(ADMIN, former.instance);
		await eventually(
			() => former.admin.connections(),
			(count) => count === 0,
		);
		await former.stop();
		former = next;
	}
	const { connections, failures, limited } = await storm.stop();
	assert.deepEqual([failures, limited], [{}, false]);
	assert.ok(connections > 1_000, String(connections));
	assert.equal(migrate(), before);
});

test('who is no Envoy, or nobody, says nothing; nor does one that does not answer in time', async () => {
	await using stack = new AsyncDisposableStack();
	const asked = (admin: ReturnType<typeof createProxyAdmin>, until: AbortSignal) =>
		Promise.all([admin.info(until), admin.ports(until), admin.connections(until), admin.drain('at-once', until)]);
	const nothing = [undefined, undefined, undefined, undefined];
	const other = await serve(stack, (_, reply) => void reply.end('{"state": 7}'));
	assert.deepEqual(await asked(createProxyAdmin(other.port, 'i'), signal), nothing);
	assert.deepEqual(await asked(createProxyAdmin(other.port, 'i'), AbortSignal.abort()), nothing);
	await other.close();
	assert.deepEqual(await asked(createProxyAdmin(other.port, 'i'), signal), nothing);
	const silent = await serve(stack, () => undefined);
	const over = new AbortController();
	const patient = asked(createProxyAdmin(silent.port, 'i', 600_000), over.signal);
	assert.deepEqual(await asked(createProxyAdmin(silent.port, 'i', 100), signal), nothing);
	assert.equal(await Promise.race([patient, 'still waiting']), 'still waiting');
	over.abort();
	assert.deepEqual(await patient, nothing);
});

async function serve(stack: AsyncDisposableStack, answer: RequestListener) {
	const server = createServer(answer).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const close = async () => {
		if (!server.listening) return;
		const closed = once(server, 'close');
		server.close();
		server.closeAllConnections();
		await closed;
	};
	stack.defer(close);
	return { port: (server.address() as AddressInfo).port, close };
}

// Changes between the ways inbound under load, with a real Envoy: the application tells whom it sees.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer, type Load, type Peer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { startAddressApp } from '../../support/address-app.ts';
import { backends } from '../../support/dialects.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
import { eventually } from '../../support/eventually.ts';
import { untilInbound, type WayInbound } from '../../support/inbound.ts';
import { isFull, rounds } from '../../support/rounds.ts';

const { host: own, world: client } = addresses;
const changes = rounds(36);

/** Each takes a minute. */
const tried = isFull ? backends : backends.filter(({ backend }) => backend === 'iptables-nft');

for (const { backend } of tried)
	test(`the way inbound is changed live by ${backend}`, (context) => testChanges(context, backend));

interface Scene {
	readonly lab: Host;
	readonly world: Peer;
	readonly daemon: TestDaemon;
	/** What is asked for holds when the former Envoy has ended. */
	readonly reload: (way: WayInbound) => void;
	/** It holds. */
	readonly change: (way: WayInbound) => Promise<void>;
}

async function testChanges(context: TestContext, backend: string): Promise<void> {
	using lab = createHost({ container: false });
	using world = createPeer(lab.world);
	// What is under test gets the processor whenever it wants it.
	setPriority(world.pid, 19);
	using _app = await startAddressApp(lab.host, 8080);
	using _echo = await startEcho(lab.host, 8081);
	using scratch = createScratch('inbound');
	const file = join(scratch.path, 'turnout.yaml');
	const write = (way: WayInbound) =>
		writeFileSync(file, JSON.stringify({ appPorts: '8080-8081', backend, startEnabled: 1, ...way }));
	write(plain);
	const args = ['--config', file, '--envoy-runtime', 'process', '--envoy-command', await findEnvoy()];
	await using daemon = await startDaemon(lab.host, { args });
	const reload = (way: WayInbound) => {
		write(way);
		const { code, stderr } = daemon.ask('reload');
		assert.equal(code, 0, stderr);
	};
	const change = async (way: WayInbound) => {
		reload(way);
		await untilInbound(lab.host, backend, way);
	};
	const scene: Scene = { lab, world, daemon, reload, change };
	await context.test(`${changes} changes between redirects and TPROXY: 0 connections past Envoy, 0 failed`, () =>
		changeModes(scene),
	);
	await context.test(`${changes} changes of whom the application sees: 0 connections failed`, () =>
		changeClient(scene),
	);
	await context.test('an open connection goes on through the change', () => keepOpen(scene));
	await context.test("after disable, what the application answers to a client's address still finds Envoy", () =>
		switchOff(scene),
	);
	await context.test("Envoy sees the client's address, and the application if asked, over IPv4 and IPv6", () =>
		seeClient(scene),
	);
}

const plain: WayInbound = { ingressMode: 'redirect', ingressKeepClient: 'envoy' };
const tproxy: WayInbound = { ...plain, ingressMode: 'tproxy' };
const kept: WayInbound = { ...tproxy, ingressKeepClient: 'application' };

const startLoads = (world: Peer): Promise<readonly Load[]> =>
	Promise.all([own.v4, own.v6].map((address) => world.startLoad({ address, port: 8080, clients: 2, pauseMs: 10 })));

async function changeModes({ world, change }: Scene): Promise<void> {
	const loads = await startLoads(world);
	for (let at = 0; at < changes; at += 1) await change(at % 2 === 0 ? tproxy : plain);
	// A connection past Envoy would come from the client itself.
	await stopAll(loads, [[own.v4], [own.v6]]);
	await change(plain);
}

async function changeClient({ world, change }: Scene): Promise<void> {
	const loads = await startLoads(world);
	for (let at = 0; at < changes; at += 1) await change(at % 2 === 0 ? kept : tproxy);
	await stopAll(loads, [
		[client.v4, own.v4],
		[client.v6, own.v6],
	]);
}

async function stopAll(loads: readonly Load[], seen: readonly (readonly string[])[]): Promise<void> {
	for (const [at, load] of loads.entries()) {
		const { by, failures, connections } = await load.stop();
		assert.deepEqual({ by: Object.keys(by).sort(), failures }, { by: seen[at]?.toSorted(), failures: {} });
		assert.ok(connections > changes, `only ${connections} connections`);
	}
}

/** It stays with the Envoy that has it, until that has drained. */
async function keepOpen({ lab, change, reload }: Scene): Promise<void> {
	for (const [before, after] of [
		[plain, kept],
		[kept, plain],
	] as const) {
		await change(before);
		const connection = await openEchoConnection(lab.world, { address: own.v4, port: 8081, uid: 1000 });
		reload(after);
		for (const word of ['one', 'two']) assert.equal(await connection.echo(word), word);
		await connection.close();
		await change(after);
	}
}

async function switchOff({ lab, daemon, change }: Scene): Promise<void> {
	await change(kept);
	const connection = await openEchoConnection(lab.world, { address: own.v6, port: 8081, uid: 1000 });
	assert.equal(daemon.ask('disable').code, 0);
	assert.equal(await connection.echo('still there'), 'still there');
	assert.notEqual(rulesLeft(lab), '');
	await connection.close();
	await eventually(
		() => rulesLeft(lab),
		(left) => left === '',
	);
	assert.equal(daemon.ask('enable').code, 0);
}

/** Of the mark and of our chains. */
const rulesLeft = ({ host }: Host): string =>
	host.run('sh', [
		'-c',
		'(ip rule; ip -6 rule; ip route show table 100; ip -6 route show table 100; iptables-nft-save; iptables-legacy-save; nft list tables) 2>/dev/null | grep -E "0x1e7700ce|local default|APPMESH_|turnout" || true',
	]);

async function seeClient({ world, daemon, change }: Scene): Promise<void> {
	for (const way of [tproxy, kept]) {
		await change(way);
		const seen = way.ingressKeepClient === 'application' ? client : own;
		for (const family of ['v4', 'v6'] as const) {
			const answer = await world.connect(own[family], 8080);
			assert.partialDeepStrictEqual(answer, { by: seen[family] });
			const ownPort = answer.kind === 'answered' ? answer.ownPort : 0;
			await untilLogged(daemon, `${inLog[family]}:${ownPort} -> `);
		}
	}
}

const inLog = { v4: client.v4, v6: `[${client.v6}]` } as const;

const untilLogged = (daemon: TestDaemon, text: string): Promise<string> =>
	eventually(
		() => daemon.ask('logs').stdout,
		(log) => log.includes(text),
	);

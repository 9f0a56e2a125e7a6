import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHost, type Host } from '../../lab/net/host.ts';
import { requireAll, retriedConnections, startLoad } from '../../lab/net/load.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import type { Dialect } from '../../lab/net/restore.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { type Backend, backends } from '../../support/dialects.ts';
import { isFull, rounds } from '../../support/rounds.ts';
import { createWriter } from '../../support/writer.ts';

/** A change in nft is one transaction: more of them fit into the same time. */
const changesOf = (backend: string): number => (isFull && backend === 'nft' ? 1_500 : rounds(300));
const othersRules = 400;
const cycles = rounds(30);

/** Each captures the watched connections, none in the way of another. */
const first: object = { appPorts: '8080' };
const otherListeners: object = {
	...{ egressPort: 16001, ingressPort: 16000, appPorts: '8080, 9000-9100' },
	egressIgnoredIps: ['198.51.100.0/24', '2001:db8:ffff::/48'],
};
const oneUserOnly: object = {
	...{ egressPort: 15001, ingressPort: 16000, appPorts: '*', guard: 0 },
	...{ onlyUids: '1000', egressOnlyPorts: '443', mark: '0x77', routeTable: 177 },
};
const manyPortsAndABridge: object = {
	...{ egressPort: 16001, ingressPort: 15000, bridges: 'docker0', interfacesIgnored: 'wg0' },
	appPorts: [8080, ...Array.from({ length: 20 }, (_, at) => 20_000 + 2 * at)],
};
const [a, b, c, d] = [first, otherListeners, oneUserOnly, manyPortsAndABridge] as const;
/** From each of them to each other one, and back at the beginning. */
const round = [b, a, c, a, d, b, c, b, d, c, d, a];

/** A change of the nft-backed dialect is mostly waiting for the kernel: the hosts at once cost little more than one. */
test('under 8 clients that connect without a pause, both ways, IPv4 and IPv6', {
	concurrency: true,
}, async (context) => {
	await Promise.all(backends.map((each) => context.test(each.backend, (inner) => testChanges(inner, each))));
});

async function testChanges(context: TestContext, { backend, dialect }: Backend): Promise<void> {
	using lab = createHost();
	trackConnections(lab.host, dialect);
	using peers = await createPeers(lab);
	await peers.proxyUser.listen('egress listener', [16001]);
	await peers.proxyUser.listen('ingress listener', [16000]);
	using scratch = createScratch('live');
	const file = join(scratch.path, 'turnout.yaml');
	writeFileSync(file, JSON.stringify(first));
	const args = ['--config', file, '--backend', backend, '--start-enabled', '1'];
	await using daemon = await startDaemon(lab.host, { args });
	const changes = changesOf(backend);
	const scene: Scene = { lab, peers, daemon, dialect, file, changes };

	await context.test(
		`${changes} live changes among 4 settings: 0 connections past Envoy, 0 failed, 0 of ${othersRules} rules lost that another writer adds meanwhile`,
		() => changeSettings(scene),
	);
	await context.test('whoever has put rules before ours finds ours before them after the next change', async () => {
		await post(daemon, 'reload');
		const { text } = await askSocket(daemon.socket, 'GET', '/v1/diff');
		assert.deepEqual(JSON.parse(text), { same: true, differences: [] });
	});
	await context.test(`${cycles} times off and on again: 0 connections failed`, () => switchOffAndOn(scene));
}

/** As Docker's rules do, or any firewall's; a host where nobody does is test/host/capture/open-connections.test.ts. */
function trackConnections(host: Namespace, dialect: Dialect): void {
	const rule = ['-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT'];
	for (const program of ['iptables', 'ip6tables']) host.run(`${program}-${dialect}`, ['-w', ...rule]);
}

interface Scene {
	readonly lab: Host;
	readonly peers: Peers;
	readonly daemon: TestDaemon;
	readonly dialect: Dialect;
	readonly file: string;
	readonly changes: number;
}

async function changeSettings({ lab, peers, daemon, dialect, file, changes }: Scene): Promise<void> {
	using writer = createWriter(lab.host, dialect);
	const load = await startLoad(peers);
	const openFiles: number[] = [];
	let lastMs = 0;
	for (let at = 0; at < changes; at += 1) {
		// At any moment of the change, not at its beginning only.
		setTimeout(() => writer.askFor(Math.ceil(((at + 1) * othersRules) / changes)), Math.random() * lastMs);
		const startedMs = performance.now();
		writeFileSync(file, JSON.stringify(round[at % round.length]));
		await post(daemon, 'reload');
		lastMs = performance.now() - startedMs;
		openFiles.push(countFiles(daemon));
		// On a busy machine the clients get the processor last.
		await load.reached(at + 1);
	}
	writer.askFor(othersRules);
	assert.deepEqual(await writer.finish(), []);
	await load.stop('captured only', changes);
	for (const namespace of [lab.host, lab.world]) assert.equal(retriedConnections(namespace), 0);
	assert.deepEqual(writer.lost(), []);
	// One connection of ours may still be closing.
	const [most, least] = [Math.max(...openFiles.slice(0, 10)), Math.min(...openFiles.slice(-10))];
	assert.ok(least <= most, `the daemon had ${most} files open at the beginning and has ${least} now`);
}

async function switchOffAndOn({ peers, daemon }: Scene): Promise<void> {
	const load = await startLoad(peers);
	for (let at = 0; at < cycles; at += 1) {
		await post(daemon, 'disable');
		await requireAll(peers, 'direct');
		await post(daemon, 'enable');
		await requireAll(peers, 'captured');
		await load.reached(at + 1);
	}
	await load.stop('captured or direct', cycles);
}

async function post({ socket }: TestDaemon, method: 'reload' | 'enable' | 'disable'): Promise<void> {
	const { status, text } = await askSocket(socket, 'POST', `/v1/${method}`);
	assert.equal(status, 200, text);
}

const countFiles = ({ process }: TestDaemon): number => readdirSync(`/proc/${process.pid}/fd`).length;

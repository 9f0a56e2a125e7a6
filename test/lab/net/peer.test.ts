import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createHost } from './host.ts';
import { addresses } from './layout.ts';
import type { Peer } from './peer.ts';
import { createPeers } from './peers.ts';

type Case = readonly [
	who: 'app' | 'root' | 'proxyUser' | 'proxyGroup' | 'world' | 'container',
	to: string,
	port: number,
	by: string,
];

const { host, remote, otherRemote, metadata, container } = addresses;
const cases: readonly Case[] = [
	['app', remote.v4, 443, 'remote'],
	['app', remote.v6, 443, 'remote'],
	['root', metadata.v4, 80, 'remote'],
	['root', metadata.v6, 80, 'remote'],
	['proxyUser', '127.0.0.1', 8080, 'app'],
	['proxyGroup', '::1', 15001, 'egress listener'],
	['world', host.v4, 15000, 'ingress listener'],
	['world', host.v6, 22, 'app'],
	['world', container.v6, 80, 'container'],
	['container', otherRemote.v4, 8080, 'remote'],
	['container', otherRemote.v6, 8080, 'remote'],
	['container', host.v4, 9090, 'app'],
];

describe('the peers of a host', async () => {
	const stack = new DisposableStack();
	after(() => stack.dispose());
	const lab = stack.use(createHost());
	const peers = stack.use(await createPeers(lab));

	for (const [who, to, port, by] of cases)
		test(`each connection says who answered: ${by}, when ${who} connects to ${to} port ${port}`, async () => {
			assert.equal(await nameOf(peers[who], to, port), by);
		});

	test('a connection that nobody answers says why', async () => {
		rule('-p', 'tcp', '--dport', '5432', '-j', 'DROP');
		assert.equal(await nameOf(peers.app, remote.v4, 7), 'refused');
		assert.equal(await nameOf(peers.app, remote.v4, 5432, 500), 'timeout');
		assert.equal(await nameOf(peers.app, '255.255.255.255', 80), 'error');
	});

	test('rules that match users and groups tell the peers apart', async () => {
		const reset = ['-j', 'REJECT', '--reject-with', 'tcp-reset'];
		rule('-p', 'tcp', '--dport', '81', '-m', 'owner', '--uid-owner', '1000', '-j', 'DROP');
		rule('-p', 'tcp', '--dport', '80', '-m', 'owner', '--uid-owner', '1337', ...reset);
		rule('-p', 'tcp', '--dport', '443', '-m', 'owner', '--gid-owner', '1337', ...reset);
		assert.equal(await nameOf(peers.proxyUser, remote.v4, 80), 'refused');
		assert.equal(await nameOf(peers.proxyGroup, remote.v4, 80), 'remote');
		assert.equal(await nameOf(peers.proxyUser, remote.v4, 443), 'refused');
		assert.equal(await nameOf(peers.proxyGroup, remote.v4, 443), 'refused');
		assert.equal(await nameOf(peers.root, remote.v4, 443), 'remote');
		assert.equal(await nameOf(peers.app, remote.v4, 81, 500), 'timeout');
		assert.equal(await nameOf(peers.root, remote.v4, 81), 'refused');
	});

	test('a listener that is closed is refused from then on', async () => {
		const listener = await peers.app.listen('late', [7070]);
		assert.equal(await nameOf(peers.world, host.v4, 7070), 'late');
		await listener.close();
		assert.equal(await nameOf(peers.world, host.v4, 7070), 'refused');
	});

	test('a load counts each of its connections by who answered', async () => {
		await using load = await peers.root.startLoad({ address: remote.v4, port: 8080 });
		await reached(async () => (await load.counts()).connections >= 2_000);
		const { connections, by, failures, limited } = await load.stop();
		assert.deepEqual({ by, failures, limited }, { by: { remote: connections }, failures: {}, limited: false });
	});

	test('a load that nobody stops ends at its limit, and says so', async () => {
		await using load = await peers.root.startLoad({ address: remote.v6, port: 8080, limitMs: 50 });
		await reached(async () => (await load.counts()).limited);
		const { ms, limited } = await load.stop();
		assert.ok(limited && ms < 10_000, `after ${ms} ms`);
	});

	const rule = (...args: readonly string[]): string => lab.host.run('iptables', ['-A', 'OUTPUT', ...args]);
});

async function nameOf(peer: Peer, to: string, port: number, timeoutMs = 20_000): Promise<string> {
	const answer = await peer.connect(to, port, { timeoutMs });
	return answer.kind === 'answered' ? answer.by : answer.kind;
}

async function reached(holds: () => Promise<boolean>): Promise<void> {
	const deadline = performance.now() + 60_000;
	while (!(await holds())) assert.ok(performance.now() < deadline, 'it takes too long');
}

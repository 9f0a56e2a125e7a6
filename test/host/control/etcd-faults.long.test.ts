// Two controls and three etcds, of which some fail while 20 clients write the same resources.
import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createScratch } from '../../lab/net/scratch.ts';
import type { Etcd } from '../../lab/services/etcd.ts';
import { type EtcdCluster, startEtcdCluster } from '../../lab/services/etcd-cluster.ts';
import { type Ask, createNodes, figuresOf, writeByApi, wrongWith } from '../../support/api-writers.ts';
import { NOBODY, startControl } from '../../support/control-program.ts';
import { createEtcdStore } from '../../support/etcd-store.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const CLIENTS = 20;
const WATCHERS = 5;
let meshes = 0;

interface Member {
	readonly id: string;
	readonly isLeader: boolean;
}

/** As etcdctl prints it: endpoint, id, version, size, whether it leads. */
function statusOf({ tryCtl }: Etcd): Member {
	const [, id = '', , , leads] = tryCtl('endpoint', 'status').stdout.split(', ');
	return { id, isLeader: leads === 'true' };
}

/** Which member leads. */
function leaderOf({ members }: EtcdCluster): number {
	const at = members.findIndex((member) => statusOf(member).isLeader);
	assert.ok(at >= 0, 'nobody leads');
	return at;
}

describe('20 clients write the same resources by two controls over three etcds', async () => {
	const stack = suiteStack();
	const cluster = await startEtcdCluster(stack, 3);
	const host = cluster.plug('controls');

	/** For so long, while `act` does something to etcd; then nothing that was acknowledged may be missing. */
	async function writing(context: TestContext, seconds: number, act: () => Promise<void>): Promise<void> {
		meshes += 1;
		const prefix = `/t${meshes}`;
		const resources = ['a', 'b', 'c'];
		await using own = new AsyncDisposableStack();
		const ending = new AbortController();
		own.defer(() => ending.abort());
		const asks: Ask[] = [];
		for (let at = 0; at < 2; at += 1) {
			const { path } = own.use(createScratch('control'));
			chownSync(path, NOBODY, NOBODY);
			asks.push(own.use(await startControl(host, path, '--definitions', cluster.url(prefix))).ask);
		}
		const [first, second] = asks;
		assert.ok(first && second);
		await createNodes(first, resources);
		const sockets = cluster.members.map(({ socket }) => socket);
		const watchers = Array.from({ length: WATCHERS }, () => createEtcdStore(sockets, { prefix }, ending.signal));
		const enough = new AbortController();
		const startedMs = performance.now();
		const clients = writeByApi(asks, { clients: CLIENTS, resources, signal: enough.signal });
		const acting = act();
		await Promise.all([sleep(seconds * 1_000), acting]);
		enough.abort();
		const written = await clients;
		context.diagnostic(figuresOf(written, (performance.now() - startedMs) / 1_000));
		assert.equal(await wrongWith(second, written), '');
		const { entries } = (await watchers[0]?.store.list()) ?? assert.fail();
		const last = JSON.stringify(entries);
		for (const { store } of watchers) assert.equal(JSON.stringify((await store.list()).entries), last);
		assert.ok(written.times.length > seconds, 'hardly anything was written');
	}

	test('for a minute: no update is lost, versions have no hole, and every watcher sees the last state', (context) =>
		writing(context, 60, async () => undefined));

	test('one is killed, and comes back', (context) =>
		writing(context, 30, async () => {
			await sleep(5_000);
			const at = leaderOf(cluster);
			await cluster.members[at]?.end('SIGKILL');
			await sleep(10_000);
			await cluster.restart(at);
		}));

	test('the leader is moved, five times', (context) =>
		writing(context, 20, async () => {
			for (let times = 0; times < 5; times += 1) {
				await sleep(2_000);
				const at = leaderOf(cluster);
				const to = cluster.members[(at + 1) % 3];
				assert.ok(to);
				cluster.members[at]?.ctl('move-leader', statusOf(to).id);
			}
		}));

	test('the leader is cut off for ten seconds', (context) =>
		writing(context, 40, async () => {
			await sleep(5_000);
			const at = leaderOf(cluster);
			cluster.cut(at);
			await sleep(10_000);
			cluster.heal(at);
		}));

	test('it is compacted all the time, while watches come and go', (context) =>
		writing(context, 20, async () => {
			for (let times = 0; times < 30; times += 1) {
				const [member] = cluster.members;
				const { header } = JSON.parse(member?.ctl('get', '/none', '-w', 'json') ?? '') as {
					header: { revision: number };
				};
				member?.tryCtl('compact', String(header.revision));
				await sleep(300);
			}
		}));

	test('all are killed at once, and started again', (context) =>
		writing(context, 40, async () => {
			await sleep(5_000);
			await Promise.all(cluster.members.map((member) => member.end('SIGKILL')));
			await sleep(5_000);
			for (let at = 0; at < 3; at += 1) await cluster.restart(at);
		}));
});

// Members that stop without a word. What one has passed on to a leader that does is lost, and nobody tells who asked.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suspend } from '../../lab/net/suspend.ts';
import { startEtcdCluster } from '../../lab/services/etcd-cluster.ts';
import { createEtcdStore } from '../../support/etcd-store.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const node = (name: string) => ({
	resource: {
		...({ kind: 'virtualNode', mesh: 'm', parent: '', name } as const),
		spec: {},
		placeOf: (path: string) => ({ file: 'a test', line: 1, path }),
	},
	tags: [],
	metadata: { uid: name, version: 1, createdMs: 0, updatedMs: 0 },
});

/** A member asks for votes within two seconds of its leader's last word (--election-timeout, 1 s), and some more on a busy machine. */
const ELECTED_MS = 4_000;

describe('an etcd of which a member stops', async () => {
	const stack = suiteStack();
	const cluster = await startEtcdCluster(stack, 3);
	const leads = ({ tryCtl }: (typeof cluster.members)[number]) =>
		tryCtl('endpoint', 'status').stdout.split(', ')[4] === 'true';
	const ending = new AbortController();
	stack.defer(() => ending.abort());

	for (const [how, receipt] of [
		['with', { token: 'a key a token', asked: 'that', reply: '{}' }],
		['without', undefined],
	] as const)
		test(`a change ${how} a clientToken that is under way is made, once, as soon as there is a new one`, async (context) => {
			// A former one does not know it at once.
			const [leader] = await eventually(
				() => cluster.members.filter(leads),
				({ length }) => length === 1,
			);
			assert.ok(leader);
			const followers = cluster.members.filter((member) => member !== leader);
			const prefix = `/${how}`;
			const { store, mirror } = createEtcdStore(
				followers.slice(0, 1).map(({ socket }) => socket),
				{ prefix },
				ending.signal,
			);
			await store.put(node('first'), undefined, receipt && { receipt: { ...receipt, token: 'another' } });
			const { revision: seen } = await store.list();
			suspend(leader.process.pid);
			const startedMs = performance.now();
			const outcome = await store.put(node('second'), undefined, { seen, receipt }).finally(() => {
				leader.process.kill('SIGCONT');
			});
			const ms = performance.now() - startedMs;
			context.diagnostic(`${ms.toFixed(0)} ms`);
			assert.equal(outcome, 'done');
			assert.ok(ms < ELECTED_MS, `${ms} ms`);
			assert.ok(mirror.content()?.values.has(`${prefix}/m/virtualNode/second.yaml`));
		});

	test('what is read of a member that does not answer any more is read of the next', async (context) => {
		const sockets = cluster.members.map(({ socket }) => socket);
		const { store, mirror } = createEtcdStore(sockets, { prefix: '/read' }, ending.signal);
		await store.put(node('first'));
		const { host = '' } = mirror.member() ?? {};
		const { process } = cluster.members[Number(host.slice(1))] ?? assert.fail('there is no member');
		suspend(process.pid);
		const startedMs = performance.now();
		const { entries } = await store.list().finally(() => process.kill('SIGCONT'));
		const ms = performance.now() - startedMs;
		context.diagnostic(`${ms.toFixed(0)} ms`);
		assert.equal(entries.length, 1);
		assert.ok(ms < ELECTED_MS, `${ms} ms`);
	});
});

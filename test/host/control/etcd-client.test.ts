// What people of etcd's clients meet, and what becomes of it here. Each in seconds; the long ones are in etcd-faults.long.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../../src/failure.ts';
import type { StoredResource } from '../../../src/store/store.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startLoneEtcd } from '../../lab/services/etcd.ts';
import { createEtcdStore } from '../../support/etcd-store.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const placeOf = (path: string) => ({ file: 'a test', line: 1, path });

const node = (name: string, hostname = 'a.local', version = 1): StoredResource => ({
	resource: {
		...({ kind: 'virtualNode', mesh: 'm', parent: '', name } as const),
		spec: { serviceDiscovery: { dns: { hostname } } },
		placeOf,
	},
	tags: [],
	metadata: { uid: name, version, createdMs: 0, updatedMs: 0 },
});

type Opened = ReturnType<typeof createEtcdStore>;

const leave = ({ mirror }: Opened): void => mirror.leave(mirror.member() ?? assert.fail('there is no member'));

const hasNode = async ({ mirror }: Opened, name: string): Promise<void> => {
	const key = `/t/m/virtualNode/${name}.yaml`;
	assert.ok(await mirror.until(() => mirror.content()?.values.has(key) === true, 20_000), name);
};

const revisionOf = async ({ store }: Opened, stored: StoredResource): Promise<string> =>
	(await store.get(stored.resource))?.revision ?? assert.fail('it is not there');

describe('a lone etcd', async () => {
	const stack = suiteStack();
	const etcd = await startLoneEtcd(stack, { args: ['--quota-backend-bytes', String(16 << 20)] });
	const ending = new AbortController();
	stack.defer(() => ending.abort());
	const told: (Failure | undefined)[] = [];
	const open = () => createEtcdStore([etcd.socket], { prefix: '/t', onAway: (why) => told.push(why) }, ending.signal);
	const [one, two] = [open(), open()];

	test('what one has answered the other knows, whoever writes by turns', async () => {
		for (let at = 0; at < 50; at += 1) {
			const [writer, reader] = at % 2 === 0 ? [one, two] : [two, one];
			assert.equal(await writer.store.put(node(`n${at}`)), 'done');
			assert.ok((await reader.store.get(node(`n${at}`).resource)) !== undefined, `${at}`);
		}
	});

	test('of two that delete a node and make what needs it, each checked before the other was done, one is outdated', async () => {
		await one.store.put(node('needed'));
		const [{ revision: seenByOne }, { revision: seenByTwo }] = [await one.store.list(), await two.store.list()];
		const revision = await revisionOf(one, node('needed'));
		const outcomes = await Promise.all([
			one.store.remove(node('needed').resource, revision, { seen: seenByOne }),
			two.store.put(node('needs-it'), undefined, { seen: seenByTwo }),
		]);
		assert.deepEqual(outcomes.toSorted(), ['done', 'outdated']);
	});

	test('a clientToken counts for all controls', async () => {
		const receipt = { token: 'a key b', asked: 'that', reply: '{}' };
		assert.equal(await one.store.put(node('once'), undefined, { receipt }), 'done');
		assert.deepEqual(await two.store.receiptOf('a key b'), receipt);
		assert.equal(await two.store.put(node('twice'), undefined, { receipt }), 'outdated');
		assert.equal(await two.store.get(node('twice').resource), undefined);
	});

	test('a watch whose past was compacted while it was away reads everything anew, and misses nothing', async () => {
		const { store } = one;
		await store.put(node('before'));
		suspend(etcd.process.pid);
		leave(one);
		etcd.process.kill('SIGCONT');
		for (let at = 0; at < 20; at += 1) etcd.ctl('put', '/other', String(at));
		etcd.ctl('put', '/t/m/virtualNode/hand.yaml', 'meshName: m\nvirtualNodeName: hand\nspec: {}\n');
		etcd.ctl('del', '/t/m/virtualNode/before.yaml');
		const { header } = JSON.parse(etcd.ctl('get', '/other', '-w', 'json')) as { header: { revision: number } };
		etcd.ctl('compact', String(header.revision));
		await hasNode(one, 'hand');
		assert.equal(await store.get(node('before').resource), undefined);
	});

	test('what is put beside definitions is none, and is no concern of theirs', async () => {
		for (const key of ['/t/.hidden/a.yaml', '/t/m/notes.txt', '/t/m/.swp.yaml', '/t/m/a.yaml~', '/tt/b.yaml'])
			etcd.ctl('put', key, 'not: [yaml');
		etcd.ctl('put', '/t/m/virtualNode/last.yaml', 'meshName: m\nvirtualNodeName: last\nspec: {}\n');
		await hasNode(one, 'last');
		assert.deepEqual((await one.store.list()).errors, []);
	});

	test('a definition that is larger than etcd takes is refused with what to do, and changes nothing', async () => {
		const large = node('large', 'a'.repeat(1_600_000));
		await assert.rejects(one.store.put(large), {
			message:
				/^Cannot change etcd:\/t\/m\/virtualNode\/large\.yaml: it is larger than etcd takes \(request is too large\)$/,
			remedy: /--max-request-bytes/,
		});
		assert.equal(await one.store.get(large.resource), undefined);
	});

	test('many large definitions are read in pages, at one revision', async () => {
		const text = (at: number) => `meshName: m\nvirtualNodeName: page${at}\nspec: {}\n# ${'x'.repeat(100_000)}\n`;
		for (let at = 0; at < 70; at += 1)
			await one.session.ask(({ transact }) =>
				transact({
					success: [
						{ requestPut: { key: Buffer.from(`/t/m/virtualNode/page${at}.yaml`), value: Buffer.from(text(at)) } },
					],
				}),
			);
		const { store } = createEtcdStore([etcd.socket], { prefix: '/t' }, ending.signal);
		const { entries } = await store.list();
		assert.equal(entries.filter(({ resource }) => resource.name.startsWith('page')).length, 70);
	});

	test('the history has the newest first, by whichever control they were made, and does not grow', async () => {
		const event = (at: number) => ({
			...{ at: new Date(at).toISOString(), by: 'me', operation: 'UpdateMesh', resource: 'arn:x', version: at },
			...{ before: undefined, after: { n: at } },
		});
		for (let at = 1; at <= 1_130; at += 1) await (at % 2 === 0 ? one : two).history.add(event(at));
		const newest = await one.history.latest(3);
		assert.deepEqual(
			newest.map(({ version }) => version),
			[1_130, 1_129, 1_128],
		);
		const count = (await two.history.latest(5_000)).length;
		assert.ok(count >= 1_000 && count <= 1_100, String(count));
		// By a control whose clock is wrong: it is the newest all the same, and is not the first to be forgotten.
		await two.history.add({ ...event(2_000), at: '1960-01-01T00:00:00.000Z' });
		assert.equal((await one.history.latest(1))[0]?.version, 2_000);
		for (let at = 1; at <= 60; at += 1) await one.history.add(event(at));
		assert.ok((await one.history.latest(100)).some(({ version }) => version === 2_000));
		const seen = one.mirror.content()?.values;
		assert.ok(![...(seen?.keys() ?? [])].some((key) => key.includes('.history')));
	});

	test('where its space is used up changes are refused with what to do, and reading goes on', async () => {
		const [key, value] = [Buffer.from('/fill'), Buffer.alloc(900_000, 'x')];
		const fill = () => one.session.ask(({ transact }) => transact({ success: [{ requestPut: { key, value } }] }));
		await assert.rejects(async () => {
			for (let at = 0; at < 60; at += 1) await fill();
		}, /database space exceeded/);
		await assert.rejects(one.store.put(node('full')), {
			message: /its space is used up, so that it can only be read and deleted from/,
			remedy: /etcdctl alarm disarm/,
		});
		assert.ok((await one.store.get(node('n1').resource)) !== undefined);
	});

	test('while nobody answers that is told once, with the member, and once more when it is over', async () => {
		told.length = 0;
		suspend(etcd.process.pid);
		leave(one);
		leave(two);
		await eventually(
			() => told.length,
			(count) => count >= 2,
		);
		assert.match(told[0]?.message ?? '', /^Cannot follow etcd:\/\/m0:1\/t by m0:1: /);
		await assert.rejects(one.store.list(), /^Failure: Cannot follow/);
		etcd.process.kill('SIGCONT');
		await eventually(
			() => told.filter((each) => each === undefined).length,
			(count) => count >= 2,
		);
		assert.ok((await one.store.get(node('n1').resource)) !== undefined);
		await sleep(100);
		assert.equal(told.length, 4);
	});
});

describe('an etcd with users', async () => {
	const stack = suiteStack();
	const etcd = await startLoneEtcd(stack, { args: ['--auth-token', 'simple', '--auth-token-ttl', '2'] });
	const ending = new AbortController();
	stack.defer(() => ending.abort());
	for (const words of [
		...[
			['user', 'add', 'root:secret'],
			['user', 'grant-role', 'root', 'root'],
		],
		...[
			['role', 'add', 'writer'],
			['role', 'grant-permission', 'writer', 'readwrite', '/t/', '--prefix=true'],
		],
		...[
			['role', 'add', 'reader'],
			['role', 'grant-permission', 'reader', 'read', '/t/', '--prefix=true'],
		],
		...[
			['user', 'add', 'control:pass'],
			['user', 'grant-role', 'control', 'writer'],
		],
		...[
			['user', 'add', 'host:word'],
			['user', 'grant-role', 'host', 'reader'],
			['auth', 'enable'],
		],
	])
		etcd.ctl(...words);
	const root = (...words: string[]) => etcd.ctl('--user', 'root:secret', ...words);
	const open = (name: string, password: string) =>
		createEtcdStore([etcd.socket], { prefix: '/t', login: { name, password } }, ending.signal);

	test('a login that has ended, or is older than a change of users, is made again by itself', async () => {
		const control = open('control', 'pass');
		assert.equal(await control.store.put(node('a')), 'done');
		await sleep(4_000);
		assert.equal(await control.store.put(node('b')), 'done');
		root('user', 'add', 'other:x');
		assert.equal(await control.store.put(node('c')), 'done');
	});

	test('who only reads follows, and is told so when it writes', async () => {
		const [host, control] = [open('host', 'word'), open('control', 'pass')];
		await control.store.put(node('d'));
		await hasNode(host, 'd');
		await assert.rejects(host.store.put(node('e')), {
			message: /the user may not do that \(permission denied\)/,
			remedy: /role grant-permission/,
		});
	});

	test('a wrong password, and none, are told with what to do', async () => {
		const wrong = open('control', 'wrong');
		await wrong.mirror.until(() => wrong.mirror.away() !== undefined, 20_000);
		assert.match(wrong.mirror.away()?.message ?? '', /it does not know the user, or the password is wrong/);
		const { mirror } = createEtcdStore([etcd.socket], { prefix: '/t' }, ending.signal);
		await mirror.until(() => mirror.away() !== undefined, 20_000);
		assert.match(mirror.away()?.message ?? '', /it asks who is there/);
		assert.match(mirror.away()?.remedy ?? '', /mesh\.etcdUser/);
	});
});

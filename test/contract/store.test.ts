// biome-ignore-all lint/suspicious/noTemplateCurlyInString: names and values may be whatever definitions take for a template
// What a store of definitions does, whatever keeps them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDefinitionFolder } from '../../src/host/files/definition-folder.ts';
import type { Resource, ResourceKey } from '../../src/mesh/resource.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { Store, StoredResource } from '../../src/store/store.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { startLoneEtcd } from '../lab/services/etcd.ts';
import { createEtcdStore } from '../support/etcd-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { suiteStack } from '../support/suite-stack.ts';

const placeOf = (path: string) => ({ file: 'a test', line: 1, path });

const node = (name: string, hostname = 'a.local', version = 1): StoredResource => ({
	resource: {
		...({ kind: 'virtualNode', mesh: 'm', parent: '', name } as const),
		spec: { serviceDiscovery: { dns: { hostname } } },
		placeOf,
	},
	tags: [{ key: 'team', value: 'a: "b" ${C} $D' }],
	metadata: {
		uid: `uid of ${name}`,
		version,
		createdMs: Date.UTC(2026, 1, 1),
		updatedMs: Date.UTC(2026, 1, 2, 3, 4, 5, 6),
	},
});

const keyOf = ({ resource: { kind, mesh, parent, name } }: StoredResource): ResourceKey => ({
	kind,
	mesh,
	parent,
	name,
});

const plain = ({ placeOf: _, ...resource }: Resource) => JSON.parse(JSON.stringify(resource));

async function kept(store: Store, wanted: StoredResource): Promise<string> {
	const found = await store.get(keyOf(wanted));
	assert.ok(found);
	assert.deepEqual(plain(found.resource), plain(wanted.resource));
	assert.deepEqual({ tags: found.tags, metadata: found.metadata }, { tags: wanted.tags, metadata: wanted.metadata });
	return found.revision;
}

const hostile = [
	...['..', '.', '.hidden', 'tilde~', 'a/b', '../../etc', 'a.yaml', 'x.virtual-node', '%2e', 'ü', "it's (one)!*"],
	...['${NAME}', 'null', '1', ' ', 'a\\b', 'n'.repeat(255), 'ü'.repeat(255), 'CON', '__proto__', '-', '@'],
];

const contract: Readonly<Record<string, (store: Store) => Promise<void>>> = {
	async 'what is put is there, with its tags and all else, until it is removed'(store) {
		const a = node('a');
		assert.equal(await store.get(keyOf(a)), undefined);
		assert.equal(await store.put(a), 'done');
		const revision = await kept(store, a);
		assert.equal((await store.list()).entries.length, 1);
		assert.equal(await store.remove(keyOf(a), revision), 'done');
		assert.equal(await store.get(keyOf(a)), undefined);
		const { entries, errors } = await store.list();
		assert.deepEqual({ entries, errors }, { entries: [], errors: [] });
	},

	async 'what is there is not made a second time'(store) {
		await store.put(node('a'));
		assert.equal(await store.put(node('a', 'b.local')), 'outdated');
		await kept(store, node('a'));
	},

	async 'only the revision that was read is replaced or removed'(store) {
		await store.put(node('a'));
		const first = await kept(store, node('a'));
		const second = node('a', 'b.local', 2);
		assert.equal(await store.put(second, first), 'done');
		assert.notEqual(await kept(store, second), first);
		assert.equal(await store.put(node('a', 'c.local', 3), first), 'outdated');
		assert.equal(await store.remove(keyOf(second), first), 'outdated');
		assert.equal(await store.put(node('b'), first), 'outdated');
		await kept(store, second);
	},

	async 'of many who change one at the same time one succeeds'(store) {
		await store.put(node('a'));
		const revision = await kept(store, node('a'));
		const tries = Array.from({ length: 20 }, (_, at) => store.put(node('a', `${at}.local`, 2), revision));
		const outcomes = await Promise.all(tries);
		assert.deepEqual(outcomes.toSorted(), ['done', ...Array(19).fill('outdated')]);
		await kept(store, node('a', `${outcomes.indexOf('done')}.local`, 2));
	},

	async 'what was checked against a listing is not written into another'(store) {
		await store.put(node('a'));
		const { revision: seen } = await store.list();
		assert.equal(await store.put(node('b'), undefined, { seen }), 'done');
		if ((await store.list()).revision === seen) return;
		const revision = await kept(store, node('a'));
		assert.equal(await store.put(node('a', 'b.local', 2), revision, { seen }), 'outdated');
		assert.equal(await store.remove(keyOf(node('a')), revision, { seen }), 'outdated');
		assert.equal(await store.put(node('c'), undefined, { seen }), 'outdated');
		await kept(store, node('a'));
	},

	async 'a receipt is there if its change is, and no sooner'(store) {
		const receipt = { token: 'a token, "b"', asked: 'that', reply: '{"c": 1}' };
		assert.equal(await store.receiptOf(receipt.token), undefined);
		assert.equal(await store.put(node('a'), 'other', { receipt }), 'outdated');
		assert.equal(await store.receiptOf(receipt.token), undefined);
		assert.equal(await store.put(node('a'), undefined, { receipt }), 'done');
		assert.deepEqual(await store.receiptOf(receipt.token), receipt);
		const removed = { ...receipt, token: 'another' };
		assert.equal(await store.remove(keyOf(node('a')), await kept(store, node('a')), { receipt: removed }), 'done');
		assert.deepEqual(await store.receiptOf('another'), removed);
	},

	async 'names are whatever the API allows'(store) {
		for (const name of hostile) {
			assert.equal(await store.put({ ...node(name) }), 'done', name);
			for (const parent of [name, 'a']) {
				const key = { kind: 'route', mesh: 'm', parent, name } as const;
				assert.equal(await store.put({ ...node(name), resource: { ...key, spec: {}, placeOf } }), 'done', name);
			}
			assert.equal(
				await store.put({
					...node(name),
					resource: { ...{ kind: 'mesh', mesh: name, parent: '', name }, spec: {}, placeOf },
				}),
				'done',
				name,
			);
		}
		const { entries, errors } = await store.list();
		assert.deepEqual(errors, []);
		assert.equal(entries.length, hostile.length * 4);
		for (const name of hostile) await kept(store, node(name));
	},

	async 'changes are told'(store) {
		const leave = new AbortController();
		const told: number[] = [];
		store.watch(() => void told.push(1), leave.signal);
		await store.put(node('a'));
		for (let waits = 0; told.length === 0 && waits < 500; waits += 1) await sleep(10);
		leave.abort();
		assert.ok(told.length > 0);
	},
};

const etcd = await startLoneEtcd(suiteStack());
let prefixes = 0;

const stores: Readonly<Record<string, (act: (store: Store) => Promise<void>) => Promise<void>>> = {
	etcd: async (act) => {
		const leave = new AbortController();
		prefixes += 1;
		try {
			await act(createEtcdStore([etcd.socket], { prefix: `/test/${prefixes}` }, leave.signal).store);
		} finally {
			leave.abort();
		}
	},
	'in memory': async (act) => act(createMemoryStore()),
	'a folder': async (act) => {
		using scratch = createScratch('store');
		await act(createFolderStore(openDefinitionFolder(join(scratch.path, 'new/mesh'), assert.fail), new Map()));
	},
};

for (const [where, open] of Object.entries(stores))
	describe(`a store: ${where}`, () => {
		for (const [what, act] of Object.entries(contract)) test(what, () => open(act));
	});

// Answers of etcd that are lost, after what was asked for was done or before, while somebody else writes as well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtcdConnection } from '../../../src/host/etcd/etcd-connection.ts';
import type { EtcdContent } from '../../../src/host/etcd/etcd-content.ts';
import { createEtcdFolder } from '../../../src/host/etcd/etcd-folder.ts';
import type { EtcdSession } from '../../../src/host/etcd/etcd-session.ts';
import { parseEtcd } from '../../../src/values/etcd-address.ts';

type Fate = 'answered' | 'lost before' | 'lost after';

interface Txn {
	readonly compare?: readonly { readonly key: Buffer; readonly modRevision: bigint }[];
	readonly success: readonly { readonly requestPut: { readonly key: Buffer; readonly value: Buffer } }[];
}

/** `onSent`: what becomes of the first one sent, the second …; what somebody else does then it does itself. */
function createMemoryEtcd(onSent: (times: number) => Fate) {
	const values: Map<string, { path: string; text: string; revision: bigint }> = new Map();
	const state = { revision: 1n, sent: 0, made: 0 };
	const make = ({ compare = [], success }: Txn): boolean => {
		if (compare.some(({ key, modRevision }) => (values.get(`${key}`)?.revision ?? 0n) !== modRevision)) return false;
		state.revision += 1n;
		for (const { requestPut } of success)
			values.set(`${requestPut.key}`, {
				...{ path: `etcd:${requestPut.key}`, text: `${requestPut.value}`, revision: state.revision },
			});
		return true;
	};
	const header = () => ({ clusterId: 1n, revision: state.revision });
	const connection = {
		async range({ key }: { readonly key: Buffer }) {
			const found = values.get(`${key}`);
			const kvs = found === undefined ? [] : [{ key, modRevision: found.revision, value: Buffer.from(found.text) }];
			return { header: header(), kvs, more: false, count: BigInt(kvs.length) };
		},
		async transact(asked: Txn) {
			state.sent += 1;
			const fate = onSent(state.sent);
			const succeeded = fate !== 'lost before' && make(asked);
			if (succeeded) state.made += 1;
			if (fate !== 'answered') throw Object.assign(new Error('14 UNAVAILABLE: gone'), { code: 14 });
			return { header: header(), succeeded, calls: 1 };
		},
	};
	const content = (): EtcdContent => ({ ...header(), values });
	const act = <T>(ask: (of: EtcdConnection) => Promise<T>): Promise<T> => ask(connection as never);
	const session = {
		...{ address: parseEtcd('etcd://a:1/t'), ask: act, read: act },
		mirror: { content, until: async (isSo: () => boolean) => isSo() },
	} as unknown as EtcdSession;
	/** Somebody else's change. */
	const other = async (name: string) => {
		const folder = createEtcdFolder({ ...session, ask: (ask) => ask({ ...connection, transact: whole } as never) });
		const { generation } = await folder.read();
		assert.ok(
			await folder.write(`etcd:/t/${name}.yaml`, 'theirs', { text: undefined, generation, receipt: undefined }),
		);
	};
	const whole = async (asked: Txn) => ({ header: header(), succeeded: make(asked), calls: 1 });
	return { folder: createEtcdFolder(session), other, values, state };
}

async function writeOurs({ folder }: ReturnType<typeof createMemoryEtcd>): Promise<boolean> {
	const { generation } = await folder.read();
	return folder.write('etcd:/t/ours.yaml', 'ours', { text: undefined, generation, receipt: undefined });
}

test('a change whose answer is lost is made once, and known to be made', async () => {
	for (const lost of ['lost before', 'lost after'] as const) {
		const etcd = createMemoryEtcd((times) => (times < 3 ? lost : 'answered'));
		await etcd.other('first');
		assert.equal(await writeOurs(etcd), true, lost);
		assert.equal(etcd.state.made, 1, lost);
	}
});

test('also where somebody else has changed something since, and where no answer arrives at all', async () => {
	const etcd = createMemoryEtcd(() => 'lost after');
	const written = writeOurs(etcd);
	await etcd.other('theirs').catch(() => undefined);
	assert.equal(await written, true);
	assert.equal(etcd.state.made, 1);
});

test('one that others were faster than is not made, and that is said', async () => {
	const etcd = createMemoryEtcd((times) => (times === 1 ? 'lost before' : 'answered'));
	await etcd.other('first');
	const { generation } = await etcd.folder.read();
	await etcd.other('theirs');
	const expected = { text: undefined, generation, receipt: undefined };
	assert.equal(await etcd.folder.write('etcd:/t/ours.yaml', 'ours', expected), false);
	assert.equal(etcd.values.has('/t/ours.yaml'), false);
});

test('one that nobody has answered, and that is not there, may come yet: that is what is said', async () => {
	const etcd = createMemoryEtcd(() => 'lost before');
	await assert.rejects(writeOurs(etcd), /^Failure: Cannot say whether it has changed etcd:\/t\/ours\.yaml: gone/);
});

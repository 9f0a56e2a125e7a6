import { randomUUID } from 'node:crypto';
import type { History, HistoryEvent } from '../../control/history.ts';
import { etcdFailure } from './etcd-failure.ts';
import type { EtcdSession } from './etcd-session.ts';
import { below, historyPrefix } from './key-range.ts';

/** So many are kept, and a few more until the next time that it is looked. */
const MOST_EVENTS = 1_000;
const LOOK_EVERY = 50;
/** What etcd takes in one transaction by default is 128 (--max-txn-ops). */
const MOST_AT_ONCE = 100;

/** Who has changed what, by whichever program, beside the definitions in etcd. */
export function openEtcdHistory({ read, address }: EtcdSession): History {
	const prefix = historyPrefix(address.prefix);
	const all = below(prefix);
	let added = 0;
	const told = <T>(verb: string, asked: Promise<T>): Promise<T> =>
		asked.catch((error) => {
			throw etcdFailure(error, { verb, what: `the history of ${address.text}` });
		});
	const forget = async (): Promise<void> => {
		const { kvs, count } = await read(({ range }) =>
			range({ ...all, ...OLDEST_FIRST, limit: BigInt(MOST_AT_ONCE), keysOnly: true }),
		);
		const tooMany = kvs.slice(0, Math.max(0, Number(count) - MOST_EVENTS));
		if (tooMany.length === 0) return;
		const success = tooMany.map(({ key }) => ({ requestDeleteRange: { key } }));
		await read(({ transact }) => transact({ success }));
	};
	return {
		async add(event) {
			// For people: what their order is etcd knows.
			const key = Buffer.from(`${prefix}${event.at} ${String(added).padStart(9, '0')} ${randomUUID()}`);
			const value = Buffer.from(JSON.stringify(event));
			added += 1;
			await told(
				'write',
				// Of this key: once, however often it is written.
				read(({ transact }) => transact({ success: [{ requestPut: { key, value } }] })),
			);
			if (added % LOOK_EVERY === 1) await told('shorten', forget());
		},
		async latest(limit) {
			const asked = { ...all, ...NEWEST_FIRST, limit: BigInt(limit) };
			const { kvs } = await told(
				'read',
				read(({ range }) => range(asked)),
			);
			return kvs.map(({ value }) => JSON.parse(Buffer.from(value).toString('utf8')) as HistoryEvent);
		},
	};
}

/** As etcd has got them, whatever the clocks of the controls say: by the revision that made them, up or down. */
const OLDEST_FIRST = { sortOrder: 1, sortTarget: 2 };
const NEWEST_FIRST = { sortOrder: 2, sortTarget: 2 };

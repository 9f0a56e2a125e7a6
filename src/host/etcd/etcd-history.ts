import { randomUUID } from 'node:crypto';
import type { History, HistoryEvent } from '../../control/history.ts';
import { etcdFailure } from './etcd-failure.ts';
import type { EtcdSession } from './etcd-session.ts';
import { below, historyPrefix } from './key-range.ts';

/** So many are kept, and a few more until the next time that it is looked. */
const MOST_EVENTS = 1_000;
const LOOK_EVERY = 50;

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
		const newest = await read(({ range }) =>
			range({ ...all, limit: BigInt(MOST_EVENTS), sortOrder: LATEST_FIRST, keysOnly: true }),
		);
		const last = newest.kvs.at(-1);
		if (!newest.more || last === undefined) return;
		const success = [{ requestDeleteRange: { key: all.key, rangeEnd: last.key } }];
		await read(({ transact }) => transact({ success }));
	};
	return {
		async add(event) {
			// In the order of their times.
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
			const asked = { ...all, limit: BigInt(limit), sortOrder: LATEST_FIRST };
			const { kvs } = await told(
				'read',
				read(({ range }) => range(asked)),
			);
			return kvs.map(({ value }) => JSON.parse(Buffer.from(value).toString('utf8')) as HistoryEvent);
		},
	};
}

/** Descending, by the key. */
const LATEST_FIRST = 2;

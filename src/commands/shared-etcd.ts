import { understood } from '../cli/arguments.ts';
import type { Config } from '../config/schema.ts';
import { Failure } from '../failure.ts';
import type { EtcdSession } from '../host/etcd/etcd-session.ts';
import { parseEtcd } from '../values/etcd-address.ts';

/** Who starts before its etcd waits for so long. */
const START_MS = 20_000;

/** The etcd of an address such as `etcd://HOST:2379/PREFIX`, to be changed; resolves once it has answered. */
export async function openEtcdAt(
	place: string,
	settings: Config['mesh'],
	onAway: (failure: Failure | undefined) => void,
	signal: AbortSignal,
) {
	const address = understood(() => parseEtcd(place));
	const etcd = await import('../host/etcd/open-etcd.ts');
	const session: EtcdSession = etcd.openSharedEtcd({ address, settings }, onAway, signal);
	const { mirror } = session;
	if (!(await mirror.until(() => mirror.content() !== undefined, START_MS)))
		throw mirror.away() ?? new Failure('interrupted', 'Cannot wait for etcd: it was ended', '');
	return { ...etcd, address, session };
}

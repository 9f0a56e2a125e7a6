import type { EtcdSession } from './etcd-session.ts';

/** What is kept by it goes by itself, also when nobody is there any more. */
export interface Lease {
	/** Calls `act` again with a new one where `isGone` says that etcd does not know it any more. */
	readonly use: <T>(act: (id: bigint) => Promise<T>, isGone: (error: unknown) => boolean) => Promise<T>;
}

/** A client tries again within minutes. */
const SECONDS = 1_200;
/** One is used for so long, and so many keys have it. */
const USED_MS = 300_000;

export function createLease({ ask }: EtcdSession): Lease {
	let granted: { readonly id: bigint; readonly atMs: number } | undefined;
	const current = async (): Promise<bigint> => {
		if (granted === undefined || performance.now() - granted.atMs > USED_MS)
			granted = { atMs: performance.now(), id: await ask(({ grantLease }) => grantLease(SECONDS)) };
		return granted.id;
	};
	return {
		async use(act, isGone) {
			try {
				return await act(await current());
			} catch (error) {
				if (!isGone(error)) throw error;
				granted = undefined;
				return act(await current());
			}
		},
	};
}

import type { Receipt } from './store.ts';

/** A client tries again within minutes; beyond so many the oldest are forgotten. */
const MOST_RECEIPTS = 1_000;

/** Those of one program, for as long as it runs. */
export interface Receipts {
	readonly keep: (receipt: Receipt | undefined) => void;
	readonly find: (token: string) => Receipt | undefined;
}

export function createReceipts(): Receipts {
	const known = new Map<string, Receipt>();
	return {
		keep(receipt) {
			if (receipt === undefined) return;
			known.set(receipt.token, receipt);
			const [oldest] = known.keys();
			if (known.size > MOST_RECEIPTS && oldest !== undefined) known.delete(oldest);
		},
		find: (token) => known.get(token),
	};
}

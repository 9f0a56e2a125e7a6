import type { CgroupAt } from '../cgroup-comment.ts';

/** nft(8) in this network namespace, for the table that is ours, and what the kernel tells of it without a program. */
export interface NftProgram {
	readonly cgroupAt: CgroupAt;
	/** A commit follows at once: what takes a while to start starts now. */
	readonly prepare: () => void;
	/** As `nft --json list table inet turnout` prints it; '' where there is no such table. */
	readonly read: (signal: AbortSignal) => Promise<string>;
	/** Commits a document for `nft --file`, which is one transaction: all of it, or nothing. */
	readonly commit: (document: string, signal: AbortSignal) => Promise<void>;
	/** Another number after each commit of anybody; undefined where the kernel does not say. */
	readonly generation: () => Promise<number | undefined>;
	/** What the table's named counters have seen, in packets; undefined where the kernel does not say. */
	readonly counters: () => Promise<ReadonlyMap<string, number> | undefined>;
}

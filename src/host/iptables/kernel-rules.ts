import { Protocol } from 'netlink/dist/constants.js';
import type { ChainNames } from '../../firewall/firewall.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { type ByFamily, byFamily, type Family } from '../../values/units.ts';
import { openLister } from '../netlink/dump.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { findsChain } from '../nft/nft-chains.ts';
import { type RuleFingerprint, readFingerprints, readGeneration } from '../nft/nft-rules.ts';

export interface ChainRef {
	readonly table: string;
	readonly chain: string;
	/** One of ours; else a built-in chain that leads to ours. */
	readonly isOwn: boolean;
}
/** A chain that exists, and its rules. */
export interface ChainContents extends ChainRef {
	readonly rules: readonly RuleFingerprint[];
}

/** Current rules of the chains that exist; undefined if they changed while being read. */
export type RuleReader = () => Promise<readonly ChainContents[] | undefined>;

/** The kernel's rules of one family. What rejects may be asked again after `close`. */
export interface RuleSource {
	/** Another number after each commit; undefined where the kernel does not say. */
	generation(): Promise<number | undefined>;
	/** Undefined where there is no such chain. Rules that are as in `former` are the very same objects. */
	rules(chain: ChainRef, former: readonly RuleFingerprint[]): Promise<readonly RuleFingerprint[] | undefined>;
	close(): void;
}

/** A socket takes one question at a time, so concurrent callers share one reading. */
export const createRuleReaders = (chains: ChainNames): ByFamily<RuleReader> =>
	byFamily((family) => createSingleFlight(createRuleReader(refsOf(chains), openRuleSource(family))));

export const refsOf = (chains: ChainNames): ChainRef[] =>
	(['mangle', 'nat'] as const).flatMap((table) => [
		...chains[table].own.map((chain) => ({ table, chain, isOwn: true })),
		...chains[table].parents.map((chain) => ({ table, chain, isOwn: false })),
	]);

/** What was read last. The generation is read first, so the contents may be of a later one and are then read again. */
interface Last {
	readonly generation: number | undefined;
	readonly contents: readonly ChainContents[];
}
const nothing: Last = { generation: undefined, contents: [] };

/** While nobody commits anything, only our chains are read again, for their counters. */
export function createRuleReader(refs: readonly ChainRef[], source: RuleSource): RuleReader {
	const readAll = async (of: readonly ChainRef[], former: readonly ChainContents[]) => {
		const found = of.map(async (ref): Promise<ChainContents[]> => {
			const rules = await source.rules(ref, rulesOf(former, ref));
			return rules === undefined ? [] : [{ ...ref, rules }];
		});
		return (await Promise.all(found)).flat();
	};
	let last = nothing;
	return async () => {
		const { generation, contents: former } = last;
		last = nothing;
		try {
			const counting = former.filter(({ isOwn, rules }) => isOwn && rules.length > 0);
			const [now, counted] = await Promise.all([source.generation(), readAll(counting, former)]);
			const isUnchanged = now !== undefined && now === generation;
			const contents = isUnchanged ? recounted(former, counted) : await readAll(refs, former);
			last = { generation: now, contents };
			return contents;
		} catch {
			// The kernel's answers may still come: not to the next question.
			source.close();
			return undefined;
		}
	};
}

const isSameChain = (a: ChainRef, b: ChainRef): boolean => a.table === b.table && a.chain === b.chain;

const rulesOf = (contents: readonly ChainContents[], ref: ChainRef): readonly RuleFingerprint[] =>
	contents.find((each) => isSameChain(each, ref))?.rules ?? [];

const recounted = (contents: readonly ChainContents[], counted: readonly ChainContents[]): ChainContents[] =>
	contents.map((each) => counted.find((other) => isSameChain(other, each)) ?? each);

/**
 * The sockets stay open: when one is closed the kernel waits until all that was deleted before is freed
 * (nft_rcv_nl_event, nf_tables_api.c), ten milliseconds after a fault. Each chain has a socket of its own, so all are
 * read at once, which on a busy daemon takes one turn of the event loop and not one for each.
 */
function openRuleSource(family: Family): RuleSource {
	const listers = createPool(() => openLister(Protocol.NETFILTER));
	const sockets = createPool(() => openNetlink(Protocol.NETFILTER));
	return {
		generation: async () => readGeneration(sockets.of('generation')),
		// A socket that cannot be opened fails this chain only: the other readings are awaited all the same.
		async rules(ref, former) {
			const { table, chain } = ref;
			const rules = await readFingerprints(listers.of(`${table} ${chain}`), family, ref, former);
			const exists = rules.length > 0 || (await findsChain(sockets.of('chains'), family, table, chain));
			return exists ? rules : undefined;
		},
		close() {
			listers.close();
			sockets.close();
		},
	};
}

/** By name, each opened when it is first needed. */
function createPool<T extends { close(): void }>(open: () => T) {
	const all = new Map<string, T>();
	return {
		of(name: string): T {
			const one = all.get(name) ?? open();
			all.set(name, one);
			return one;
		},
		close() {
			for (const one of all.values()) one.close();
			all.clear();
		},
	};
}

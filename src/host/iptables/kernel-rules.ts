import { Protocol } from 'netlink/dist/constants.js';
import type { Family } from '../../values/units.ts';
import { openLister } from '../netlink/dump.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { findsChain } from '../nft/nft-chains.ts';
import { type RuleFingerprint, readGeneration, readPrints } from '../nft/nft-rules.ts';

/** A chain of a table, whether it is there, and whether it is one of ours. */
export interface ChainRef {
	readonly table: string;
	readonly chain: string;
	readonly isOwn: boolean;
}
/** A place that is there, and its rules. */
export interface ChainContents extends ChainRef {
	readonly rules: readonly RuleFingerprint[];
}

/** What is in these places now; undefined where somebody was at it meanwhile. */
export type RuleReader = () => Promise<readonly ChainContents[] | undefined>;

/** What was seen last, and of which generation of rules it is at the earliest. */
interface Last {
	readonly generation: number | undefined;
	readonly seen: readonly ChainContents[];
}

/**
 * As long as nobody has committed anything only what rules count is read again. The sockets stay open: with the end of
 * one the kernel waits until all that was deleted before is freed (nft_rcv_nl_event, nf_tables_api.c), ten milliseconds
 * after a fault. Each place has its own: so all are asked at once, which on a busy daemon takes one turn and not one for
 * each.
 */
export function createRuleReader(places: readonly ChainRef[], family: Family): RuleReader {
	const listers = createHeld(() => openLister(Protocol.NETFILTER));
	const sockets = createHeld(() => openNetlink(Protocol.NETFILTER));
	let last: Last = { generation: undefined, seen: [] };
	// A socket that cannot be had fails this one look and not those that have begun: nobody would wait for them any more.
	const lookAt = async (place: ChainRef): Promise<readonly ChainContents[]> => {
		const { table, chain } = place;
		const lister = listers.of(`${table} ${chain}`);
		const rules = await readPrints(lister, family, place, rulesOf(former, place));
		const isThere = rules.length > 0 || (await findsChain(sockets.of('chains'), family, table, chain));
		return isThere ? [{ ...place, rules }] : [];
	};
	const lookAtAll = async (all: readonly ChainRef[]) => (await Promise.all(all.map(lookAt))).flat();
	let former: readonly ChainContents[] = [];
	return async () => {
		const { generation, seen } = last;
		[former, last] = [seen, { generation: undefined, seen: [] }];
		try {
			const counting = seen.filter(({ isOwn, rules }) => isOwn && rules.length > 0);
			const [now, counted] = await Promise.all([readGeneration(sockets.of('generation')), lookAtAll(counting)]);
			const isUnchanged = now !== undefined && now === generation;
			// The generation is read before the rules: they may be of a later one, and are then read again the next time.
			last = { generation: now, seen: isUnchanged ? recounted(seen, counted) : await lookAtAll(places) };
			return last.seen;
		} catch {
			// Their answers may still come.
			listers.close();
			sockets.close();
			return undefined;
		}
	};
}

/** By name, each opened when it is first asked for. */
function createHeld<T extends { close(): void }>(open: () => T) {
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

const rulesOf = (seen: readonly ChainContents[], { table, chain }: ChainRef): readonly RuleFingerprint[] =>
	seen.find((was) => was.table === table && was.chain === chain)?.rules ?? [];

const recounted = (seen: readonly ChainContents[], counted: readonly ChainContents[]): ChainContents[] =>
	seen.map((was) => counted.find(({ table, chain }) => table === was.table && chain === was.chain) ?? was);

import { Protocol } from 'netlink/dist/constants.js';
import type { BaseChain, ForeignRules, ForeignRulesReader } from '../../firewall/foreign/foreign-rules.ts';
import { systemClock } from '../../lib/clock.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { type ByFamily, byFamily, families } from '../../values/units.ts';
import { createKeptSocket, type KeptSocket } from '../netlink/kept-socket.ts';
import { type KernelChain, readBaseChains } from '../nft/base-chains.ts';
import { readGeneration } from '../nft/nft-rules.ts';
import { createRegistrations } from '../nft/registrations.ts';
import { legacyTables, type ReadSaved, readRuleTexts } from './foreign-texts.ts';

/** Others may change their rules all day: limits how often they are read, and the share of time that reading takes. */
const AGAIN_MS = 500;
const DUTY_CYCLE = 20;
const TEXTS_TIMEOUT_MS = 10_000;

/** What was read, with these chains, and when it may be read again. */
interface Read {
	readonly base: BaseChains;
	readonly others: ForeignRules;
	readonly dueMs: number;
}

/** `ownTable`: ours of nft, `inet turnout`. */
export function createForeignRulesReader(readSaved: ReadSaved, ownTable: string): ForeignRulesReader {
	const readChains = createSingleFlight(createChainReader(createKeptSocket(Protocol.NETFILTER)));
	// Another one, as a socket takes one question at a time.
	const textSocket = createKeptSocket(Protocol.NETFILTER);
	let last: Read | undefined;
	// Somebody has changed something, and it is too early to read again.
	let isPutOff = false;
	const readAnew = createSingleFlight(async (): Promise<ForeignRules> => {
		const startedMs = systemClock.nowMs();
		const base = await readChains();
		const { chains, legacyNat } = base;
		const texts = await textSocket.over((open) =>
			readRuleTexts(open, readSaved, chains.filter(isForeign(ownTable)), AbortSignal.timeout(TEXTS_TIMEOUT_MS)),
		);
		const others = { chains, legacyNat, texts: texts ?? [] };
		const restMs = Math.max(AGAIN_MS, DUTY_CYCLE * (systemClock.nowMs() - startedMs));
		last = { base, others, dueMs: systemClock.nowMs() + restMs };
		isPutOff = false;
		return others;
	});
	return {
		chains: readChains,
		mayBeStale: () => last === undefined || isPutOff || families.some((family) => legacyTables(family).length > 0),
		async read({ now = false } = {}) {
			if (last === undefined || now) return readAnew();
			const base = await readChains();
			const { chains, legacyNat, hasLegacy } = base;
			// Changes of iptables-legacy's rules do not show in the chains.
			isPutOff = base !== last.base;
			if (!isPutOff && !hasLegacy) return last.others;
			return systemClock.nowMs() < last.dueMs ? { ...last.others, chains, legacyNat } : readAnew();
		},
	};
}

const isForeign =
	(ownTable: string) =>
	({ family, table }: BaseChain): boolean =>
		`${family} ${table}` !== ownTable;

interface BaseChains extends Pick<ForeignRules, 'chains' | 'legacyNat'> {
	readonly hasLegacy: boolean;
}

interface ReadChains {
	readonly generation: number | undefined;
	readonly found: readonly KernelChain[];
	readonly legacy: string;
	readonly base: BaseChains;
}

/** The chains are read again only after somebody has committed to nftables. While nothing has changed it is the same object. */
function createChainReader({ over }: KeptSocket): () => Promise<BaseChains> {
	const registrations = createRegistrations();
	let last: ReadChains | undefined;
	const baseOf = (found: readonly KernelChain[], tables: ByFamily<readonly string[]>): BaseChains => {
		const withNat = families.filter((family) => tables[family].includes('nat'));
		const times = registrations.note([...found.map(({ id }) => id), ...withNat]);
		const timeOf = (id: string): number => times.get(id) ?? 0;
		return {
			chains: found.map(({ id, ...chain }) => ({ ...chain, seen: timeOf(id) })),
			legacyNat: Object.fromEntries(withNat.map((family) => [family, timeOf(family)])),
			hasLegacy: families.some((family) => tables[family].length > 0),
		};
	};
	return async () => {
		const generation = await over(readGeneration);
		const tables = byFamily(legacyTables);
		const legacy = JSON.stringify(tables);
		const isUnchanged = generation !== undefined && generation === last?.generation;
		if (isUnchanged && legacy === last?.legacy) return last.base;
		const found = (isUnchanged ? last?.found : await over(readBaseChains)) ?? last?.found ?? [];
		last = { generation, found, legacy, base: baseOf(found, tables) };
		return last.base;
	};
}

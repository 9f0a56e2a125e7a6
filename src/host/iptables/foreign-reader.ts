import { Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import type { BaseChain, ForeignRules, ForeignRulesReader } from '../../firewall/foreign/foreign-rules.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { families } from '../../values/units.ts';
import { type KernelChain, readBaseChains } from '../nft/base-chains.ts';
import { readGeneration } from '../nft/nft-rules.ts';
import { createRegistrations } from '../nft/registrations.ts';
import { legacyTables, readRuleTexts } from './foreign-texts.ts';
import type { HostTools } from './programs.ts';

/** Others may change their rules all day: limits how often they are read, and the share of time that reading takes. */
const AGAIN_MS = 500;
const DUTY_CYCLE = 20;
const TEXTS_TIMEOUT_MS = 10_000;

/** What was read, of which generation, and when it may be read again. */
interface Read {
	readonly generation: number | undefined;
	readonly others: ForeignRules;
	readonly dueMs: number;
}

/** `ownTable`: ours of nft, `inet turnout`. */
export function createForeignRulesReader({ iptables }: HostTools, ownTable: string): ForeignRulesReader {
	// The socket stays open: closing one makes the kernel wait (see openRuleSource in kernel-rules.ts).
	const readChains = createSingleFlight(createChainReader(createSocket()));
	// Another one, as a socket takes one question at a time.
	const textSocket = createSocket();
	let last: Read | undefined;
	const readAnew = createSingleFlight(async (): Promise<ForeignRules> => {
		const startedMs = performance.now();
		const { generation, chains, legacyNat } = await readChains();
		const texts = await textSocket.over((open) =>
			readRuleTexts(open, iptables, chains.filter(isForeign(ownTable)), AbortSignal.timeout(TEXTS_TIMEOUT_MS)),
		);
		const others = { chains, legacyNat, texts: texts ?? [] };
		const restMs = Math.max(AGAIN_MS, DUTY_CYCLE * (performance.now() - startedMs));
		last = { generation, others, dueMs: performance.now() + restMs };
		return others;
	});
	return {
		chains: readChains,
		async read({ now = false } = {}) {
			if (last === undefined || now) return readAnew();
			const { generation, chains, legacyNat } = await readChains();
			// Changes of iptables-legacy do not change the generation.
			const isSame = generation !== undefined && generation === last.generation && !hasLegacy();
			return isSame || performance.now() < last.dueMs ? { ...last.others, chains, legacyNat } : readAnew();
		},
	};
}

const isForeign =
	(ownTable: string) =>
	({ family, table }: BaseChain): boolean =>
		`${family} ${table}` !== ownTable;

const hasLegacy = (): boolean => families.some((family) => legacyTables(family).length > 0);

interface Socket {
	/** Undefined if the kernel did not answer. */
	readonly over: <T>(ask: (open: NetlinkSocket) => Promise<T>) => Promise<T | undefined>;
}

function createSocket(): Socket {
	let socket: NetlinkSocket | undefined;
	return {
		async over(ask) {
			try {
				socket ??= createNetlink(Protocol.NETFILTER);
				return await ask(socket);
			} catch {
				// The kernel's answer may still come: not to the next question.
				socket?.close();
				socket = undefined;
				return undefined;
			}
		},
	};
}

type BaseChains = Pick<ForeignRules, 'chains' | 'legacyNat'> & { readonly generation: number | undefined };

/** The chains are read again only after somebody has committed to nftables. */
function createChainReader({ over }: Socket): () => Promise<BaseChains> {
	const registrations = createRegistrations();
	let last: { readonly generation: number | undefined; readonly found: readonly KernelChain[] } = {
		generation: undefined,
		found: [],
	};
	return async () => {
		const generation = await over(readGeneration);
		const isUnchanged = generation !== undefined && generation === last.generation;
		const found = (isUnchanged ? last.found : await over(readBaseChains)) ?? last.found;
		last = { generation, found };
		const legacy = families.filter((family) => legacyTables(family).includes('nat'));
		const times = registrations.note([...found.map(({ id }) => id), ...legacy]);
		const timeOf = (id: string): number => times.get(id) ?? 0;
		return {
			generation,
			chains: found.map(({ id, ...chain }) => ({ ...chain, seen: timeOf(id) })),
			legacyNat: Object.fromEntries(legacy.map((family) => [family, timeOf(family)])),
		};
	};
}

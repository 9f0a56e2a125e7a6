import { Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import type { Chains, Firewall } from '../ports.ts';
import type { Family } from '../units.ts';
import { findsChain } from './chains.ts';
import { readPrints } from './rule-prints.ts';

/** A chain of a table, whether it is there, and whether it is one of ours. */
interface Place {
	readonly table: string;
	readonly chain: string;
	readonly isOwn: boolean;
}
/** A place that is there, and its rules. */
interface Seen extends Place {
	readonly prints: readonly string[];
}

/** What others put into a chain that leads to us counts for the places of ours only. */
const SOMEBODY_ELSE = '-m comment --comment "not ours"';
const MOST_LEARNT = 5_000;

/**
 * The same firewall, read at a glance: over netlink and only these chains, which takes no program and no longer where
 * others have twenty thousand rules. What each rule of ours is in iptables' words is learnt from what `iptables-save`
 * says of the same moment; where a rule is not known yet, that is asked. Rules of others stand in it without their
 * words, and nothing is counted.
 */
export function glancing(firewall: Firewall, chains: Chains): Firewall {
	if (firewall.dialect !== 'iptables-nft') return firewall;
	const look = createLook(placesOf(chains));
	const words = new Map<string, string>();
	return {
		...firewall,
		async read(family, signal) {
			const before = await look(family);
			const text = textOf(before, words);
			if (text !== undefined) return text;
			const saved = await firewall.read(family, signal);
			if (words.size > MOST_LEARNT) words.clear();
			if (JSON.stringify(await look(family)) === JSON.stringify(before)) learn(words, before, saved);
			return saved;
		},
	};
}

const placesOf = (chains: Chains): Place[] =>
	(['mangle', 'nat'] as const).flatMap((table) => [
		...chains[table].own.map((chain) => ({ table, chain, isOwn: true })),
		...chains[table].leading.map((chain) => ({ table, chain, isOwn: false })),
	]);

type Look = (family: Family) => Promise<readonly Seen[] | undefined>;

/**
 * Nothing where somebody was at it meanwhile. The sockets stay open: with the end of one the kernel waits until all that
 * was deleted before is freed (nft_rcv_nl_event, nf_tables_api.c), ten milliseconds after a fault.
 */
function createLook(places: readonly Place[]): Look {
	const sockets = new Map<Family, NetlinkSocket>();
	return async (family) => {
		const socket = sockets.get(family) ?? createNetlink(Protocol.NETFILTER);
		sockets.set(family, socket);
		try {
			return await lookThrough(socket, family, places);
		} catch {
			// Its answer may still come.
			sockets.delete(family);
			socket.close();
			return undefined;
		}
	};
}

async function lookThrough(socket: NetlinkSocket, family: Family, places: readonly Place[]): Promise<readonly Seen[]> {
	const seen: Seen[] = [];
	// One question at a time: the package mixes up the parts of two answers.
	for (const place of places)
		seen.push({ ...place, prints: await readPrints(socket, family, place.table, place.chain) });
	const isThere = await Promise.all(
		seen.map(({ table, chain, prints }) => prints.length > 0 || findsChain(socket, family, table, chain)),
	);
	return seen.filter((_, at) => isThere[at]);
}

/** As `iptables-save` would say it; undefined where a rule of ours, or one that leads to us, is not known. */
function textOf(seen: readonly Seen[] | undefined, words: ReadonlyMap<string, string>): string | undefined {
	if (seen === undefined) return undefined;
	const own = seen.filter(({ isOwn }) => isOwn).map(({ chain }) => chain);
	const lines: string[] = [];
	for (const table of ['mangle', 'nat']) {
		lines.push(`*${table}`);
		for (const { chain, prints, isOwn } of seen.filter((place) => place.table === table)) {
			const leadsToUs = (print: string) => isOwn || own.some((name) => print.includes(`${name}\0`));
			const rules = prints.map((print) => words.get(print) ?? (leadsToUs(print) ? undefined : SOMEBODY_ELSE));
			if (rules.includes(undefined)) return undefined;
			lines.push(`:${chain} - [0:0]`, ...rules.map((rule) => `-A ${chain} ${rule}`));
		}
	}
	return `${lines.join('\n')}\n`;
}

/** The same rules in the same order, once as prints and once in words. */
function learn(words: Map<string, string>, seen: readonly Seen[] | undefined, saved: string): void {
	const said = rulesOf(saved);
	for (const { table, chain, prints } of seen ?? []) {
		const texts = said.get(`${table} ${chain}`) ?? [];
		if (texts.length === prints.length) for (const [at, print] of prints.entries()) words.set(print, texts[at] ?? '');
	}
}

/** By `table chain`, without what they have counted. */
function rulesOf(saved: string): ReadonlyMap<string, readonly string[]> {
	const found = new Map<string, string[]>();
	let table = '';
	for (const line of saved.split('\n')) {
		if (line.startsWith('*')) table = line.slice(1).trim();
		const [, chain, rule = ''] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? [];
		const place = `${table} ${chain}`;
		if (chain !== undefined) found.set(place, [...(found.get(place) ?? []), rule]);
	}
	return found;
}

import type { ChainNames, Firewall } from '../../firewall/firewall.ts';
import { createSingleFlight } from '../../lib/single-flight.ts';
import type { Host } from '../../reconcile/host.ts';
import type { Family } from '../../values/units.ts';
import { type ChainContents, type ChainRef, createRuleReader } from './kernel-rules.ts';

/** What others put into a chain that leads to us counts for the places of ours only. */
/** Begins the comment on each rule of ours: what led to a chain of ours bears it also when that has another name now. */
const REASON = 'turnout: ';
const SOMEBODY_ELSE = '-m comment --comment "not ours"';
/** Rules that were there once, beside those that are: a daemon whose settings change all day does not grow by it. */
const MOST_FORMER = 5_000;

/** The same host, its rules read at a glance where the dialect lets it: only these chains, and no others in the text. */
export function withRuleCache<T extends { readonly host: Host }>(of: T, chains: ChainNames): T {
	const firewalls = of.host.firewalls.map((firewall) => withCacheOf(firewall, chains));
	return { ...of, host: { ...of.host, firewalls } };
}

/**
 * Over netlink, which takes no program and no longer where others have twenty thousand rules. What each rule of ours is
 * in iptables' words is learnt from what `iptables-save` says of the same moment; where a rule is not known yet, that is
 * asked. Rules of others stand in it without their words.
 */
function withCacheOf(firewall: Firewall, chains: ChainNames): Firewall {
	if (firewall.dialect !== 'iptables-nft') return firewall;
	const places = placesOf(chains);
	// However many ask: a socket takes one question at a time.
	const look = {
		ipv4: createSingleFlight(createRuleReader(places, 'ipv4')),
		ipv6: createSingleFlight(createRuleReader(places, 'ipv6')),
	};
	const words = { ipv4: new Map<string, string>(), ipv6: new Map<string, string>() };
	// A rule in a place that is not looked at may lead to us and keep us from going.
	const isRefused = new Set<Family>();
	return {
		...firewall,
		async read(family, signal) {
			const before = await look[family]();
			const text = textOf(before, words[family]);
			if (text !== undefined && !isRefused.delete(family)) return text;
			const saved = await firewall.read(family, signal);
			if (isSame(await look[family](), before)) cacheTexts(words[family], before, saved);
			return saved;
		},
		commit: (family, document, signal) =>
			firewall.commit(family, document, signal).catch((error) => {
				isRefused.add(family);
				throw error;
			}),
	};
}

const placesOf = (chains: ChainNames): ChainRef[] =>
	(['mangle', 'nat'] as const).flatMap((table) => [
		...chains[table].own.map((chain) => ({ table, chain, isOwn: true })),
		...chains[table].parents.map((chain) => ({ table, chain, isOwn: false })),
	]);

/** The very same rules: not others that say the same, which somebody has put there in between. */
const isSame = (a: readonly ChainContents[] | undefined, b: readonly ChainContents[] | undefined): boolean =>
	handlesOf(a) === handlesOf(b);
const handlesOf = (seen: readonly ChainContents[] = []): string =>
	JSON.stringify(seen.map(({ table, chain, rules }) => [table, chain, ...rules.map(({ handle }) => handle)]));

/** As `iptables-save` would say it; undefined where a rule of ours, or one that leads to us, is not known. */
function textOf(seen: readonly ChainContents[] | undefined, words: ReadonlyMap<string, string>): string | undefined {
	if (seen === undefined) return undefined;
	const own = seen.filter(({ isOwn }) => isOwn).map(({ chain }) => chain);
	const lines: string[] = [];
	for (const table of ['mangle', 'nat']) {
		lines.push(`*${table}`);
		for (const { chain, rules, isOwn } of seen.filter((place) => place.table === table)) {
			const leadsToUs = (print: string) =>
				isOwn || print.includes(REASON) || own.some((name) => print.includes(`${name}\0`));
			const said = rules.map(
				({ fingerprint }) => words.get(fingerprint) ?? (leadsToUs(fingerprint) ? undefined : SOMEBODY_ELSE),
			);
			if (said.includes(undefined)) return undefined;
			lines.push(`:${chain} - [0:0]`, ...said.map((rule, at) => `${rules[at]?.counters} -A ${chain} ${rule}`));
		}
	}
	return `${lines.join('\n')}\n`;
}

/** The same rules in the same order, once as prints and once in words. */
function cacheTexts(words: Map<string, string>, seen: readonly ChainContents[] | undefined, saved: string): void {
	const said = rulesOf(saved);
	if (words.size > MOST_FORMER + [...said.values()].reduce((sum, { length }) => sum + length, 0)) words.clear();
	for (const { table, chain, rules } of seen ?? []) {
		const texts = said.get(`${table} ${chain}`) ?? [];
		if (texts.length === rules.length)
			for (const [at, { fingerprint }] of rules.entries()) words.set(fingerprint, texts[at] ?? '');
	}
}

/** By `table chain`, without what they have counted. */
function rulesOf(saved: string): ReadonlyMap<string, readonly string[]> {
	const found = new Map<string, string[]>();
	let table = '';
	for (const line of saved.split('\n')) {
		if (line.startsWith('*')) table = line.slice(1).trim();
		const [, chain, rule = ''] = /^(?:\[\d+:\d+\] )?-A (\S+) ?(.*)$/.exec(line) ?? [];
		if (chain === undefined) continue;
		const rules = found.get(`${table} ${chain}`);
		if (rules === undefined) found.set(`${table} ${chain}`, [rule]);
		else rules.push(rule);
	}
	return found;
}

import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import type { ByFamily, Family } from '../../values/units.ts';
import type { ChainContents, RuleReader } from './kernel-rules.ts';

/** Begins the comment on each of our rules, also on those that led to a chain of ours before somebody renamed it. */
const OUR_COMMENT = 'turnout: ';
/** In place of the text of others' rules: only their position counts. */
const SOMEBODY_ELSE = '-m comment --comment "not ours"';
/** Limits the texts of deleted rules: a daemon whose settings change all day must not grow. */
const MOST_FORMER = 5_000;

/** iptables' text of a rule by its fingerprint. */
type Texts = Map<string, string>;

/**
 * Reads rules over netlink instead of running iptables-save, which takes up to a second where others have 20,000 rules.
 * Only chains that concern us are in the text, and others' rules are there without their words. The text of each rule of
 * ours is learned from what iptables-save printed for the same fingerprints; for an unknown one it is run again.
 */
export function withRuleCache(program: IptablesProgram, readers: ByFamily<RuleReader>): IptablesProgram {
	if (program.dialect !== 'iptables-nft') return program;
	const texts: ByFamily<Texts> = { ipv4: new Map(), ipv6: new Map() };
	// A document may be refused because of a rule in a chain that is not read here, such as one that leads to ours.
	const fullReadDue = new Set<Family>();
	const readFully = async (family: Family, before: readonly ChainContents[] | undefined, signal: AbortSignal) => {
		const saved = await program.read(family, signal);
		if (isSame(await readers[family](), before)) cacheTexts(texts[family], before, saved);
		return saved;
	};
	return {
		...program,
		async read(family, signal) {
			const before = await readers[family]();
			const isDue = fullReadDue.has(family);
			fullReadDue.delete(family);
			const text = isDue ? undefined : textOf(before, texts[family]);
			return text ?? readFully(family, before, signal);
		},
		async check(family, signal) {
			const before = await readers[family]();
			if (!arePrinted(before, texts[family])) await readFully(family, before, signal);
		},
		commit: (family, document, signal) =>
			program.commit(family, document, signal).catch((error) => {
				fullReadDue.add(family);
				throw error;
			}),
	};
}

/** Whether iptables-save has printed all of them before, those of others too. */
const arePrinted = (contents: readonly ChainContents[] | undefined, texts: Texts): boolean =>
	contents?.every(({ rules }) => rules.every(({ fingerprint }) => texts.has(fingerprint))) === true;

/** The very same rules, and not others that look alike, which somebody has put there in between. */
const isSame = (a: readonly ChainContents[] | undefined, b: readonly ChainContents[] | undefined): boolean =>
	handlesOf(a) === handlesOf(b);
const handlesOf = (contents: readonly ChainContents[] = []): string =>
	JSON.stringify(contents.map(({ table, chain, rules }) => [table, chain, ...rules.map(({ handle }) => handle)]));

/** As `iptables-save -c` would print it; undefined where the text of a rule of ours, or of one that leads to us, is not known. */
function textOf(contents: readonly ChainContents[] | undefined, texts: Texts): string | undefined {
	if (contents === undefined) return undefined;
	const own = contents.filter(({ isOwn }) => isOwn).map(({ chain }) => chain);
	const concernsUs = (fingerprint: string) =>
		fingerprint.includes(OUR_COMMENT) || own.some((name) => fingerprint.includes(`${name}\0`));
	const lines: string[] = [];
	for (const table of ['mangle', 'nat']) {
		lines.push(`*${table}`);
		for (const chain of contents.filter((each) => each.table === table)) {
			const found = linesOf(chain, texts, (fingerprint) => chain.isOwn || concernsUs(fingerprint));
			if (found === undefined) return undefined;
			lines.push(...found);
		}
	}
	return `${lines.join('\n')}\n`;
}

function linesOf(
	{ chain, rules }: ChainContents,
	texts: Texts,
	mustBeKnown: (fingerprint: string) => boolean,
): string[] | undefined {
	const found = rules.map(
		({ fingerprint }) => texts.get(fingerprint) ?? (mustBeKnown(fingerprint) ? undefined : SOMEBODY_ELSE),
	);
	if (found.includes(undefined)) return undefined;
	return [`:${chain} - [0:0]`, ...found.map((text, at) => `${rules[at]?.counters} -A ${chain} ${text}`)];
}

/** `contents` and `saved` are of the same moment: the same rules in the same order, as fingerprints and as text. */
function cacheTexts(texts: Texts, contents: readonly ChainContents[] | undefined, saved: string): void {
	const byChain = rulesByChain(saved);
	if (texts.size > MOST_FORMER + [...byChain.values()].reduce((sum, { length }) => sum + length, 0)) texts.clear();
	for (const { table, chain, rules } of contents ?? []) {
		const lines = byChain.get(`${table} ${chain}`) ?? [];
		if (lines.length === rules.length)
			for (const [at, { fingerprint }] of rules.entries()) texts.set(fingerprint, lines[at] ?? '');
	}
}

/** By `table chain`, without their counters. */
function rulesByChain(saved: string): ReadonlyMap<string, readonly string[]> {
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

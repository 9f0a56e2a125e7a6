import { createSet, listsOf, nameFor, oneByOne, withNames } from './list-sets.ts';
import { type NftChain, type NftTable, TABLE } from './nft-table.ts';
import { isSpelt } from './spell-listed-rule.ts';
import { chainIn, isSameList } from './table-differences.ts';

/**
 * The documents for `nft --file` that take our table from `found` to `wanted`, one after the other: the sets, then the rules.
 * The kernel takes each as one transaction, so that no packet sees a part of it. Chains that stay as they are are not touched,
 * and named counters go on counting. Sets that no rule uses then are left.
 */
export function renderTransactions(found: NftTable, wanted: NftTable): readonly string[] {
	if (!wanted.exists) return found.exists ? [`delete table ${TABLE}\n`] : [];
	if (!isToMakeAnew(found, wanted)) return [renderSets(found, wanted), renderRules(found, wanted)].filter(Boolean);
	// The sets would be as new as the rules.
	const withoutSets = wanted.chains.map((chain) => ({ ...chain, rules: chain.rules.flatMap(oneByOne) }));
	const anew: NftTable = { ...wanted, chains: withoutSets, sets: [] };
	const document = `table ${TABLE}\ndelete table ${TABLE}\n${showTable(anew.chains, [...anew.counters.keys()])}`;
	return [document, ...renderTransactions(anew, wanted)];
}

/** What is there once those are committed, without asking nft: as wanted, and sets. */
export function tableAfter(found: NftTable, wanted: NftTable): NftTable {
	const before = isToMakeAnew(found, wanted) ? [] : found.sets;
	const used = listsOf(wanted).map((list) => ({ ...list, name: nameFor(list, before), isUsed: true }));
	const unused = before.filter((set) => !used.some(({ name }) => name === set.name));
	return { ...wanted, sets: [...unused.map((set) => ({ ...set, isUsed: false })), ...used] };
}

function renderSets({ sets }: NftTable, wanted: NftTable): string {
	const created = listsOf(wanted)
		.map((list) => ({ list, name: nameFor(list, sets) }))
		.filter(({ name }) => !sets.some((set) => set.name === name))
		.map(({ list, name }) => createSet(TABLE, name, list));
	return created.length === 0 ? '' : [`table ${TABLE}\n`, ...created].join('');
}

function renderRules(found: NftTable, wanted: NftTable): string {
	const gone = found.chains.filter(({ name }) => chainIn(wanted, name) === undefined);
	const changed = wanted.chains.filter(({ name, rules }) => !isSameList(chainIn(found, name)?.rules ?? NEW, rules));
	const { grown = [], replaced = [] } = Object.groupBy(changed, (chain) =>
		isGrown(chainIn(found, chain.name), chain) ? 'grown' : 'replaced',
	);
	const emptied = [...gone, ...replaced.filter(({ name }) => chainIn(found, name) !== undefined)];
	const newCounters = [...wanted.counters.keys()].filter((name) => !found.counters.has(name));
	const oldCounters = [...found.counters.keys()].filter((name) => !wanted.counters.has(name));
	const named = (rule: string) => withNames(rule, (list) => nameFor(list, found.sets));
	const whole = replaced.map((chain) => ({ ...chain, rules: chain.rules.map(named) }));
	return [
		...emptied.map(({ name }) => `flush chain ${TABLE} ${name}\n`),
		...(whole.length + newCounters.length === 0 ? [] : [showTable(whole, newCounters)]),
		...grown.flatMap(({ name, rules }) =>
			rules
				.slice(chainIn(found, name)?.rules.length)
				.filter(isSpelt)
				.map((rule) => `add rule ${TABLE} ${name} ${named(rule)}\n`),
		),
		...gone.map(({ name }) => `delete chain ${TABLE} ${name}\n`),
		...oldCounters.map((name) => `delete counter ${TABLE} ${name}\n`),
	].join('');
}

/**
 * Its rules stay, and others come behind them. The kernel has nothing to free then; for an old rule, and for a chain that is
 * named once more, it first waits until no packet can be there any more (nft_rcv_nl_event, nf_tables_api.c).
 */
const isGrown = (found: NftChain | undefined, { rules }: NftChain): boolean =>
	found !== undefined && isSameList(found.rules, rules.slice(0, found.rules.length));

/** Like no list of rules. */
const NEW = ['\0'];

/** A base chain cannot be moved to another hook, and what others have put in is told by its kind only. */
const isToMakeAnew = (found: NftTable, wanted: NftTable): boolean =>
	found.others.length > 0 ||
	wanted.chains.some(({ name, base }) => {
		const chain = chainIn(found, name);
		return chain !== undefined && chain.base !== base;
	});

/** nft 1.0.6 wants a line's end, or `;`, before `}`. */
const showTable = (chains: readonly NftChain[], counters: readonly string[]): string =>
	[
		`table ${TABLE} {\n`,
		...counters.map((name) => `\tcounter ${name} {\n\t}\n`),
		...chains.map(
			({ name, base, rules }) =>
				`\tchain ${name} {\n${[...(base === undefined ? [] : [base]), ...rules.filter(isSpelt)].map((text) => `\t\t${text}\n`).join('')}\t}\n`,
		),
		'}\n',
	].join('');

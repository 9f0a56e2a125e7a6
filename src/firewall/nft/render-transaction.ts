import { type NftChain, type NftTable, TABLE } from './nft-table.ts';
import { isSpelt } from './spell-listed-rule.ts';
import { chainIn, isSameList } from './table-differences.ts';

/**
 * One document for `nft --file` that takes our table from `found` to `wanted`. The kernel takes it as one transaction, so that
 * no packet sees a part of it. Chains that stay as they are are not touched, and named counters go on counting.
 */
export function renderTransaction(found: NftTable, wanted: NftTable): string {
	if (!wanted.exists) return found.exists ? `delete table ${TABLE}\n` : '';
	if (isToMakeAnew(found, wanted))
		return `table ${TABLE}\ndelete table ${TABLE}\n${showTable(wanted.chains, [...wanted.counters.keys()])}`;
	const gone = found.chains.filter(({ name }) => chainIn(wanted, name) === undefined);
	const changed = wanted.chains.filter(({ name, rules }) => !isSameList(chainIn(found, name)?.rules ?? NEW, rules));
	const emptied = [...gone, ...changed.filter(({ name }) => chainIn(found, name) !== undefined)];
	const newCounters = [...wanted.counters.keys()].filter((name) => !found.counters.has(name));
	const oldCounters = [...found.counters.keys()].filter((name) => !wanted.counters.has(name));
	return [
		...emptied.map(({ name }) => `flush chain ${TABLE} ${name}\n`),
		showTable(changed, newCounters),
		...gone.map(({ name }) => `delete chain ${TABLE} ${name}\n`),
		...oldCounters.map((name) => `delete counter ${TABLE} ${name}\n`),
	].join('');
}

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
export const showTable = (chains: readonly NftChain[], counters: readonly string[]): string =>
	[
		`table ${TABLE} {\n`,
		...counters.map((name) => `\tcounter ${name} {\n\t}\n`),
		...chains.map(
			({ name, base, rules }) =>
				`\tchain ${name} {\n${[...(base === undefined ? [] : [base]), ...rules.filter(isSpelt)].map((text) => `\t\t${text}\n`).join('')}\t}\n`,
		),
		'}\n',
	].join('');

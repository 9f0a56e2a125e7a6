import { byFamily, families } from '../../values/units.ts';
import type { Installed, Removal, RulesByFamily } from '../firewall.ts';
import { baseChainOf, type NftTable, noTable, targetOf } from './nft-table.ts';
import { drainRemainder, isRemoved } from './removed-table.ts';
import { renderTable, rolesOf } from './render-table.ts';
import { tableDifferences } from './table-differences.ts';
import { tracedTable } from './trace-table.ts';

/** With what only this implementation knows. */
export interface InstalledTable extends Installed {
	readonly table: NftTable;
}

export function describeTable(table: NftTable): InstalledTable {
	return {
		table,
		isEmpty: !table.exists,
		isClean: byFamily((family) => isRemoved(table, family)),
		ruleCount: table.chains.flatMap(({ base, rules }) => (base === undefined ? rules : [])).length,
		capturesWhole: (desired) => capturesWhole(table, renderTable(desired)),
		diff: (desired) => tableDifferences(table, renderTable(desired)),
		leftovers: (removal) => tableDifferences(table, remainderAfter(table, removal)),
		counted: (desired) => countedRules(table, desired),
		get traced() {
			return byFamily((family) => tracedTable(table, family));
		},
	};
}

/** Undefined where another firewall has read it. */
export const tableOf = (installed: Installed | undefined): NftTable | undefined =>
	installed !== undefined && isOfNft(installed) ? installed.table : undefined;

const isOfNft = (installed: Installed): installed is InstalledTable => 'table' in installed;

export const remainderAfter = (found: NftTable, { keepConntrack }: Removal): NftTable =>
	keepConntrack ? drainRemainder(found) : noTable;

function capturesWhole(found: NftTable, wanted: NftTable): boolean {
	const are = wholeChains(found);
	return wholeChains(wanted).every((name) => are.includes(name));
}

/** The chains of nat that get more than what opens a connection. */
const wholeChains = ({ chains }: NftTable): string[] =>
	chains
		.filter(({ name }) => NAT_BASES.includes(name))
		.flatMap(({ rules }) => rules.filter((rule) => !rule.includes(') == syn ')).map(targetOf));

const NAT_BASES = [baseChainOf('nat', 'PREROUTING'), baseChainOf('nat', 'OUTPUT')];

/** A counter is one for both families. */
function countedRules({ counters }: NftTable, desired: RulesByFamily) {
	const roles = new Map(families.flatMap((family) => [...rolesOf(desired[family])]));
	return [...roles].map(([id, counted]) => ({ id, ...counted, packets: counters.get(id) ?? 0 }));
}

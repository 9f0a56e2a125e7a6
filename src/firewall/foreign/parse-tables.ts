import type { Table } from './foreign-rule.ts';
import type { RuleText } from './foreign-rules.ts';
import { parseNftTable } from './parse-nft-table.ts';
import { parseSavedTables } from './parse-saved-tables.ts';

/** All tables that could be parsed. */
export function tablesOf(texts: readonly RuleText[]): readonly Table[] {
	return texts.flatMap((text) => {
		if (text.kind === 'saved') return parseSavedTables(text);
		const table = parseNftTable(text);
		return table === undefined ? [] : [table];
	});
}

/** Tables whose rules matter and could not be parsed. */
export const unreadOf = (texts: readonly RuleText[]): readonly Extract<RuleText, { kind: 'nft' }>[] =>
	texts.filter((text) => text.kind === 'nft').filter((text) => parseNftTable(text) === undefined);

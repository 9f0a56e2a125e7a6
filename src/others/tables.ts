import type { RuleText } from '../ports-others.ts';
import type { Table } from './model.ts';
import { parseNftTable } from './nft.ts';
import { parseSavedTables } from './saved.ts';

/** All tables that could be read. */
export function tablesOf(texts: readonly RuleText[]): readonly Table[] {
	return texts.flatMap((text) => {
		if (text.kind === 'saved') return parseSavedTables(text);
		const table = parseNftTable(text);
		return table === undefined ? [] : [table];
	});
}

/** Tables that have rules about connections' ends, and could not be read. */
export const unreadOf = (texts: readonly RuleText[]): readonly Extract<RuleText, { kind: 'nft' }>[] =>
	texts.filter((text) => text.kind === 'nft').filter((text) => parseNftTable(text) === undefined);

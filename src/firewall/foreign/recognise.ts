import type { Table } from './foreign-rule.ts';
import type { ForeignRules } from './foreign-rules.ts';
import { type Program, programs } from './known-programs.ts';
import { tablesOf } from './parse-tables.ts';

/** Another program that has rules here. */
export interface Recognised {
	readonly program: Program;
	/** `iptables-nft`, `iptables-legacy`, `nft`. */
	readonly tools: readonly string[];
}

/** Whose a chain is, by its name or a rule's; undefined: not known. */
export function ownerOf(
	table: Pick<Table, 'tool' | 'name'>,
	chains: readonly string[],
	rules: readonly string[] = [],
	has: (table: string, chain: string) => boolean = () => false,
): Program | undefined {
	return programs.find(
		({ signs }) =>
			((table.tool === 'nft' && signs.tables?.test(table.name)) ||
				chains.some((chain) => signs.chains?.test(chain)) ||
				rules.some((rule) => signs.rules?.test(rule))) &&
			!rules.some((rule) => signs.unless?.test(rule)) &&
			(signs.beside === undefined || has(signs.beside.table, signs.beside.chain) === signs.beside.is),
	);
}

/** The same of a rule, by the chain that it is in and the one that it leads to. */
export function ownerOfRule(tables: readonly Table[], text: string): Program | undefined {
	for (const table of tables)
		for (const [chain, rules] of table.chains) {
			const rule = rules.find((each) => each.text === text);
			if (rule === undefined) continue;
			const leadsTo = 'chain' in rule.verdict ? [rule.verdict.chain] : [];
			return ownerOf(table, [chain, ...leadsTo], [text]);
		}
	return undefined;
}

/** What chains the tables of the same tool and family have. */
const besideOf =
	({ tool, family }: Table, tables: readonly Table[]) =>
	(name: string, chain: string): boolean =>
		tables.some((each) => each.tool === tool && each.family === family && each.name === name && each.chains.has(chain));

/** Everybody that is known by name and has rules here, effective ones or left behind. */
export function recognise(others: Pick<ForeignRules, 'chains' | 'texts'>): readonly Recognised[] {
	const found = new Map<Program, Set<string>>();
	const note = (program: Program | undefined, tool: string) => {
		if (program !== undefined) found.set(program, (found.get(program) ?? new Set()).add(tool));
	};
	// The kernel tells names of tables and base chains also where no program can print their rules.
	for (const { table, chain } of others.chains) note(ownerOf({ tool: 'nft', name: table }, [chain]), 'nft');
	const tables = tablesOf(others.texts);
	for (const table of tables)
		for (const [chain, rules] of table.chains) {
			const texts = rules.map(({ text }) => text);
			note(ownerOf(table, [chain], texts, besideOf(table, tables)), table.tool);
		}
	return programs.flatMap((program) => {
		const tools = found.get(program);
		return tools === undefined ? [] : [{ program, tools: [...tools].toSorted() }];
	});
}

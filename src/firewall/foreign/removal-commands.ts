import { parseLine, targetOf } from '../iptables/save-line.ts';
import type { Table } from './foreign-rule.ts';
import type { ForeignRules } from './foreign-rules.ts';
import type { Program } from './known-programs.ts';
import { ownerOf } from './recognise.ts';

/** What an administrator types to remove another interceptor's rules; turnout removes none. */
export function removalCommands({ chains, texts }: Pick<ForeignRules, 'chains' | 'texts'>, program: Program): string[] {
	const tables = chains.filter(({ table, chain }) => ownerOf({ tool: 'nft', name: table }, [chain]) === program);
	const inNft = tables.map(({ family, table }) => `nft delete table ${family} ${table}`);
	const inIptables = texts.flatMap((text) => {
		if (text.kind !== 'saved') return [];
		const tool = `${text.family === 'ipv4' ? 'iptables' : 'ip6tables'}${text.dialect.replace('iptables', '')}`;
		return savedRemovals(text.text, text.dialect, program).map((step) => `${tool} ${step}`);
	});
	return [...new Set(inNft), ...inIptables];
}

/** First what leads to its chains, then their rules, which may lead from one to another, then the chains. */
function savedRemovals(saved: string, tool: Table['tool'], program: Program): string[] {
	const steps = { unhook: [] as string[], flush: [] as string[], remove: [] as string[] };
	let table = '';
	const isTheirs = (chain: string) => ownerOf({ tool, name: table }, [chain]) === program;
	for (const text of saved.split('\n')) {
		const line = parseLine(text);
		if (line.kind === 'table') table = line.name;
		if (line.kind === 'chain' && isTheirs(line.name)) {
			steps.flush.push(`-t ${table} -F ${line.name}`);
			steps.remove.push(`-t ${table} -X ${line.name}`);
		}
		if (line.kind === 'rule' && !isTheirs(line.chain) && isTheirs(targetOf(line.rule)))
			steps.unhook.push(`-t ${table} -D ${line.chain} ${line.rule}`);
	}
	return [...steps.unhook, ...steps.flush, ...steps.remove];
}

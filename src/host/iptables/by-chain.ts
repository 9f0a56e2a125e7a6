import { Failure } from '../../failure.ts';
import type { ChainNames } from '../../firewall/firewall.ts';
import { oneLine } from '../../lib/escape.ts';
import type { Family } from '../../values/units.ts';
import { hasChain } from '../nft/nft-chains.ts';
import { runCommand } from '../process/command.ts';
import { ENDED_BY_SIGNAL } from '../process/runner.ts';

/** How `iptables-nft-save` tells that it leaves out a table. */
export const leavesOut = (saved: string): boolean => /^# Table `(mangle|nat)' is incompatible/m.test(saved);

/** What is read chain by chain begins so. */
const BY_CHAIN = '# chain by chain';
export const isByChain = (text: string): boolean => text.startsWith(BY_CHAIN);

/** In place of rules that iptables cannot print: they differ from any desired rule. */
const UNPRINTABLE = '-m comment --comment "made with nft"';

/**
 * Reads our chains and those that lead to them one by one. Where a table has a rule made with nft that iptables cannot
 * print, iptables-nft-save leaves out the whole table, our rules included. `program`: iptables-nft or ip6tables-nft.
 */
export async function readByChain(
	program: string,
	family: Family,
	chains: ChainNames,
	signal: AbortSignal,
): Promise<string> {
	const lines = [BY_CHAIN];
	for (const table of ['mangle', 'nat'] as const) {
		const read = async (chain: string) =>
			(await hasChain(family, table, chain)) ? readOne(program, table, chain, signal) : undefined;
		lines.push(`*${table}`);
		for (const chain of chains[table].parents) {
			const found = await read(chain);
			if (found === 'unprintable') throw cannotPrint(family, table, chain);
			lines.push(...declared(chain, found));
		}
		for (const chain of chains[table].own) lines.push(...declared(chain, orUnprintable(chain, await read(chain))));
	}
	return `${lines.join('\n')}\n`;
}

type Found = readonly string[] | 'unprintable' | undefined;
const orUnprintable = (chain: string, found: Found) =>
	found === 'unprintable' ? [`-A ${chain} ${UNPRINTABLE}`] : found;

const declared = (chain: string, rules: readonly string[] | undefined): readonly string[] =>
	rules === undefined ? [] : [`:${chain} - [0:0]`, ...rules];

/** Asks again if the program was killed: a read can be repeated. */
async function readOne(program: string, table: string, chain: string, signal: AbortSignal): Promise<Found> {
	const ask = () => runCommand(program, ['-t', table, '-S', chain], '', signal);
	const first = await ask();
	const { code, stdout, stderr } = first.code === ENDED_BY_SIGNAL ? await ask() : first;
	if (code === 0) return stdout.split('\n').filter((line) => line.startsWith('-A '));
	if (/is incompatible/.test(stderr)) return 'unprintable';
	const name = program.split('/').at(-1);
	if (code === ENDED_BY_SIGNAL)
		throw new Failure('interrupted', `Cannot read the rules: ${name} was ended by a signal`, 'Try again');
	const said = oneLine(stderr) || `it ended with ${code}`;
	throw new Failure('firewall', `Cannot read the rules: ${name} refused: ${said}`, `See \`${name} -t ${table} -S\``);
}

function cannotPrint(family: Family, table: string, chain: string): Failure {
	const name = `${family === 'ipv4' ? 'ip' : 'ip6'} ${table}`;
	return new Failure(
		'firewall',
		`Cannot read the ${family} rules: in chain ${chain} of the table ${name} are rules made with nft, which iptables cannot show`,
		`Put those into a table of their own: \`nft -a list chain ${name} ${chain}\` shows them. Meanwhile docs/rescue.md, "From memory", lets traffic go directly`,
	);
}

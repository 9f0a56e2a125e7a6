import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { IptablesDialect } from '../../firewall/firewall.ts';
import type { BaseChain, RuleText } from '../../firewall/foreign/foreign-rules.ts';
import type { IptablesProgram } from '../../firewall/iptables/iptables-program.ts';
import { type Family, families } from '../../values/units.ts';
import { attributesOf, elementsOf, formatAttribute, textOf } from '../netlink/attributes.ts';
import { runCommand } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';
import { readText } from '../sockets/procfs.ts';
import { isByChain, leavesOut } from './by-chain.ts';
import type { Tools } from './programs.ts';

/** Tables of iptables-nft: iptables-nft-save prints all rules in tables with these names. */
const IPTABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];

/** The rules behind these chains, as their tools print them. What cannot be read is left out. */
export async function readRuleTexts(
	socket: NetlinkSocket,
	readSaved: ReadSaved,
	chains: readonly BaseChain[],
	signal: AbortSignal,
): Promise<readonly RuleText[]> {
	const withEffect = chains.filter(({ rules, dropsRest }) => rules > 0 || dropsRest);
	const isSaved = ({ family, table }: BaseChain) => family !== 'inet' && IPTABLES.includes(table);
	const nftFamilies = families.filter((family) =>
		withEffect.some((chain) => isSaved(chain) && chain.family === (family === 'ipv4' ? 'ip' : 'ip6')),
	);
	const [saved, legacy] = await Promise.all([
		readFamilies(readSaved, 'iptables-nft', nftFamilies, signal),
		readFamilies(readSaved, 'iptables-legacy', legacyFamilies(), signal),
	]);
	// iptables-nft-save leaves out a table that has rules made with nft.
	const leftOut = (chain: BaseChain) =>
		saved.some(({ family, text }) => chain.family === (family === 'ipv4' ? 'ip' : 'ip6') && leavesOut(text));
	const others = withEffect.filter((chain) => !isSaved(chain) || leftOut(chain));
	return [...saved, ...legacy, ...(await readTables(socket, others, signal))];
}

type Saved = Extract<RuleText, { kind: 'saved' }>;

async function readFamilies(
	readSaved: ReadSaved,
	dialect: IptablesDialect,
	of: readonly Family[],
	signal: AbortSignal,
): Promise<Saved[]> {
	const found = of.map(async (family): Promise<Saved[]> => {
		const text = await readSaved(dialect, family, signal);
		return text === '' ? [] : [{ kind: 'saved', dialect, family, text }];
	});
	return (await Promise.all(found)).flat();
}

/** What iptables-save prints, with counters or without; '' where it does not run. */
export type ReadSaved = (dialect: IptablesDialect, family: Family, signal: AbortSignal) => Promise<string>;

export const createSavedReader =
	(tools: readonly Tools[]): ReadSaved =>
	async (dialect, family, signal) => {
		const program = tools.find((each) => each.dialect === dialect)?.[family]?.save;
		return program === undefined ? '' : outputOf(program, [], signal);
	};

/** The same, from what a command has read already. Where a table was left out and read chain by chain, iptables-save tells which. */
export const savedReaderOf =
	(programs: readonly IptablesProgram[], otherwise: ReadSaved): ReadSaved =>
	async (dialect, family, signal) => {
		const program = programs.find((each) => each.dialect === dialect);
		const text = (await program?.read(family, signal).catch(() => '')) ?? '';
		return isByChain(text) ? otherwise(dialect, family, signal) : text;
	};

/** The kernel lists the tables that exist; running iptables-legacy-save would create them. */
export const legacyTables = (family: Family): readonly string[] =>
	readText(`/proc/net/${family === 'ipv4' ? 'ip' : 'ip6'}_tables_names`)
		.split('\n')
		.filter(Boolean);
const legacyFamilies = () => families.filter((family) => legacyTables(family).length > 0);

type NftTable = Extract<RuleText, { kind: 'nft' }>;

/** One after the other: this is not urgent. */
async function readTables(socket: NetlinkSocket, of: readonly BaseChain[], signal: AbortSignal): Promise<NftTable[]> {
	const program = findProgram('nft');
	const found: NftTable[] = [];
	for (const { family, table } of new Map(of.map((chain) => [`${chain.family} ${chain.table}`, chain])).values()) {
		const text =
			program === undefined ? '' : await outputOf(program, ['--json', 'list', 'table', family, table], signal);
		if (text !== '' || (await translates(socket, family, table))) found.push({ kind: 'nft', family, table, text });
	}
	return found;
}

async function outputOf(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
	const finished = await runCommand(program, args, '', signal).catch(() => undefined);
	return finished?.code === 0 ? finished.stdout : '';
}

/** NFT_MSG_GETRULE, NFPROTO_…, and NFTA_… of rules and expressions (linux/netfilter/nf_tables.h). */
const GET_RULE = (10 << 8) | 7;
const NEW_RULE = (10 << 8) | 6;
const DUMP = 0x300;
const NUMBERS = { inet: 1, ip: 2, ip6: 10 } as const;
const RULE_TABLE = 1;
const RULE_EXPRESSIONS = 4;
const EXPRESSION_NAME = 1;
const TIMEOUT_MS = 2_000;
/** Expressions that translate connections, or prevent it; `target`: an extension of iptables. */
const TRANSLATING = ['nat', 'redir', 'notrack', 'tproxy', 'target'];

/** What the kernel tells where nft is not installed. */
async function translates(socket: NetlinkSocket, family: BaseChain['family'], table: string): Promise<boolean> {
	const asked = [Buffer.from([NUMBERS[family], 0, 0, 0]), formatAttribute([RULE_TABLE, Buffer.from(`${table}\0`)])];
	const [messages] = await socket.request(GET_RULE, asked, { flags: DUMP, timeout: TIMEOUT_MS });
	return messages.some(
		({ type, data }) => type === NEW_RULE && namesOf(data).some((name) => TRANSLATING.includes(name)),
	);
}

const namesOf = (data: Buffer): string[] =>
	elementsOf(attributesOf(data.subarray(4)).get(RULE_EXPRESSIONS)).map(([, bytes]) =>
		textOf(attributesOf(bytes).get(EXPRESSION_NAME)),
	);

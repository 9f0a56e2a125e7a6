import type { Dialect } from '../../firewall/firewall.ts';
import { runCommand } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';
import type { HostTools } from './programs.ts';

const PRINT_MS = 10_000;

export interface Shown {
	readonly dialect: Dialect;
	readonly routeTable: number;
	/** Ours of nft, `inet turnout`. */
	readonly ownTable: string;
}

/** The five sections of the 2019 script's status, in its order, as the tools print them; then our own table of nft, if that is used. */
export async function readRaw(tools: HostTools, { dialect, routeTable, ownTable }: Shown): Promise<string> {
	const { ipv4 } = tools.iptables.find((each) => each.dialect === dialect) ?? {};
	// `iptables-nft` is beside `iptables-nft-save`.
	const iptables = ipv4?.save.replace(/-save$/, '') ?? 'iptables';
	const sections: readonly (readonly [string, string, readonly string[]])[] = [
		['Routing rules', 'ip', ['rule']],
		['AppMesh routing table', 'ip', ['route', 'list', 'table', String(routeTable)]],
		['iptables FORWARD table', iptables, ['-w', '-L', '-v', '-n']],
		['iptables NAT table', iptables, ['-w', '-t', 'nat', '-L', '-v', '-n']],
		['iptables MANGLE table', iptables, ['-w', '-t', 'mangle', '-L', '-v', '-n']],
		...(dialect === 'nft'
			? [[`nft table ${ownTable}`, 'nft', ['list', 'table', ...ownTable.split(' ')]] as const]
			: []),
	];
	const texts: string[] = [];
	// One after the other: starting five programs at once would hold up other requests.
	for (const [title, program, args] of sections) texts.push(`=== ${title} ===\n${await print(program, args)}`);
	return texts.join('');
}

/** `ip` fails for a table that does not exist: its message is shown. */
async function print(name: string, args: readonly string[]): Promise<string> {
	const program = findProgram(name);
	if (program === undefined) return `${name} is not installed\n`;
	const { stdout, stderr, code } = await runCommand(program, args, '', AbortSignal.timeout(PRINT_MS));
	return code === 0 ? stdout : stderr;
}

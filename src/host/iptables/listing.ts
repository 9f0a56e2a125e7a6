import { runCommand } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';
import type { Tools } from './programs.ts';

const PRINT_MS = 10_000;

/** The five sections of the 2019 script's status, in its order, as the tools print them. */
export async function readRaw({ ipv4 }: Tools, table: number): Promise<string> {
	// `iptables-nft` is beside `iptables-nft-save`.
	const iptables = ipv4?.save.replace(/-save$/, '') ?? 'iptables';
	const sections: readonly (readonly [string, string, readonly string[]])[] = [
		['Routing rules', 'ip', ['rule']],
		['AppMesh routing table', 'ip', ['route', 'list', 'table', String(table)]],
		['iptables FORWARD table', iptables, ['-w', '-L', '-v', '-n']],
		['iptables NAT table', iptables, ['-w', '-t', 'nat', '-L', '-v', '-n']],
		['iptables MANGLE table', iptables, ['-w', '-t', 'mangle', '-L', '-v', '-n']],
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

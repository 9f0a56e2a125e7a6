import { Failure } from '../../failure.ts';
import type { IptablesDialect } from '../../firewall/firewall.ts';
import { runCommand } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';

/** The programs of one dialect; undefined for a family whose programs are not installed. */
export interface Tools {
	readonly dialect: IptablesDialect;
	readonly ipv4: ToolPair | undefined;
	readonly ipv6: ToolPair | undefined;
}
/** The firewall programs that are installed. */
export interface HostTools {
	readonly iptables: readonly Tools[];
	/** The path of nft(8). */
	readonly nft: string | undefined;
}
export interface ToolPair {
	readonly restore: string;
	readonly save: string;
}

/**
 * Both dialects by the names that Debian, Fedora and Alpine give them. Where neither is found, the plain `iptables` is
 * asked which of the two it is. None where that is not installed either.
 */
export async function findTools(signal: AbortSignal): Promise<readonly Tools[]> {
	const named = [toolsOf('iptables-nft', 'nft-'), toolsOf('iptables-legacy', 'legacy-')];
	const found = named.filter((tools) => tools.ipv4 ?? tools.ipv6);
	if (found.length > 0) return found;
	const plain = toolsOf('iptables-legacy', '');
	const program = plain.ipv4 ?? plain.ipv6;
	if (program === undefined) return [];
	const { stdout } = await runCommand(program.restore, ['--version'], '', signal);
	return [{ ...plain, dialect: stdout.includes('nf_tables') ? 'iptables-nft' : 'iptables-legacy' }];
}

/** Of each that is installed, in its own words: `iptables v1.8.9 (nf_tables)`. */
export async function readVersions({ iptables, nft }: HostTools, signal: AbortSignal): Promise<readonly string[]> {
	const programs = [...iptables.map(({ ipv4, ipv6 }) => (ipv4 ?? ipv6)?.restore), nft].filter(
		(path) => path !== undefined,
	);
	const said = programs.map(async (program) => (await runCommand(program, ['--version'], '', signal)).stdout.trim());
	return Promise.all(said);
}

const toolsOf = (dialect: IptablesDialect, infix: string): Tools => ({
	dialect,
	ipv4: pairOf(`iptables-${infix}`),
	ipv6: pairOf(`ip6tables-${infix}`),
});

function pairOf(prefix: string): ToolPair | undefined {
	const restore = findProgram(`${prefix}restore`);
	const save = findProgram(`${prefix}save`);
	return restore === undefined || save === undefined ? undefined : { restore, save };
}

/** For apt, dnf and apk. */
export const INSTALL =
	'Install the package iptables: apt-get install iptables, dnf install iptables-nft, or apk add iptables ip6tables; or the package nftables';

export const missingTools = (): Failure =>
	new Failure('tools', 'Cannot change the rules: neither iptables nor ip6tables nor nft is installed', INSTALL);

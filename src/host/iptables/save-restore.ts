import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Failure } from '../../failure.ts';
import type { ChainNames } from '../../firewall/firewall.ts';
import type { IptablesProgram, SetProgram } from '../../firewall/iptables/iptables-program.ts';
import { oneLine } from '../../lib/escape.ts';
import type { Family } from '../../values/units.ts';
import { mayChangeNetwork, mayOpenRawSockets } from '../capabilities.ts';
import { cgroupAt } from '../cgroups/find-cgroups.ts';
import { hasChain } from '../nft/nft-chains.ts';
import { runCommand } from '../process/command.ts';
import { ENDED_BY_SIGNAL, type Finished } from '../process/runner.ts';
import { leavesOut, readByChain } from './by-chain.ts';
import { type Extension, hasModule, lackingIn, remedyFor } from './extensions.ts';
import type { ToolPair, Tools } from './programs.ts';

/** `ownChains`: what is read one by one where iptables-nft-save leaves out their table. */
export function createIptablesProgram(tools: Tools, ownChains: ChainNames, sets: SetProgram): IptablesProgram {
	const pair = (family: Family): ToolPair => tools[family] ?? fail(family);
	const read: IptablesProgram['read'] = async (family, signal) => {
		if (tools[family] === undefined || !hasTables(tools, family)) return '';
		const { save } = pair(family);
		const ask = () => run(save, ['-c'], '', signal);
		// A read can be repeated.
		const saved = await ask().catch((error) => (isInterrupted(error) ? ask() : Promise.reject(error)));
		return leavesOut(saved) ? readByChain(save.replace(/-save$/, ''), family, ownChains, signal) : saved;
	};
	return {
		dialect: tools.dialect,
		sets,
		cgroupAt,
		name: (family) => basename(tools[family]?.restore ?? '').replace(/-restore$/, ''),
		read,
		hasMangleChain: async (family, chain) => tools.dialect === 'iptables-legacy' || hasChain(family, 'mangle', chain),
		// Each read asks iptables, and rejects then.
		check: async () => undefined,
		async commit(family, document, signal) {
			await run(pair(family).restore, ['-w', '--noflush'], document, signal);
		},
	};
}

/** Asking the legacy tools about a table creates it; the kernel's list of tables tells without (ip_tables.c). */
function hasTables({ dialect }: Tools, family: Family): boolean {
	if (dialect === 'iptables-nft') return true;
	try {
		const names = readFileSync(`/proc/net/${family === 'ipv4' ? 'ip' : 'ip6'}_tables_names`, 'utf8');
		return names.trim() !== '';
	} catch {
		return false;
	}
}

const isInterrupted = (error: unknown): boolean => error instanceof Failure && error.code === 'interrupted';

async function run(program: string, args: readonly string[], input: string, signal: AbortSignal): Promise<string> {
	const finished = await runCommand(program, args, input, signal);
	if (finished.code === ENDED_BY_SIGNAL)
		throw new Failure('interrupted', `Cannot commit the rules: ${program} was ended by a signal`, 'Try again');
	if (finished.code !== 0) throw refused(program, input, finished);
	return finished.stdout;
}

function refused(program: string, input: string, { code: exitCode, stderr }: Finished): Failure {
	const said = oneLine(stderr.replace(/^Try `.*$/gm, '')) || `it ended with ${exitCode}`;
	// Of a right that is missing iptables-legacy sometimes speaks as of a table that is.
	const isForbidden = /unable to initialize table/.test(said) && !mayOpenRawSockets();
	if (isForbidden || /Permission denied|must be root|Operation not permitted/.test(said))
		return mayChangeNetwork() ? noRawSocket() : noPrivilege();
	if (/lock file/.test(said)) return new Failure('firewall', `Cannot change the rules: ${said}`, LOCK_REMEDY);
	return refusedLine(program, input, said);
}

function refusedLine(program: string, input: string, said: string): Failure {
	// Restore names the line of its input that it could not take.
	const number = /line:? (\d+)|Error occurred at line: (\d+)/.exec(said);
	const line = input.split('\n')[Number(number?.[1] ?? number?.[2]) - 1];
	const where = line === undefined ? '' : ` at "${line}"`;
	const refusal = `${program.split('/').at(-1)} refused${where}: ${said}`;
	const lacking = lackingIn(said, line ?? '', hasModule) ?? [];
	if (lacking.length > 0) return lacks(lacking, refusal, program.includes('nft'));
	const isUnsupported =
		/Table does not exist|unable to initialize table|TABLE_ADD failed|CHAIN_ADD failed|not supported/.test(said);
	return new Failure(isUnsupported ? 'unsupported' : 'firewall', `Cannot commit the rules: ${refusal}`, REMEDY);
}

function lacks(lacking: readonly Extension[], refusal: string, isNft: boolean): Failure {
	const named = lacking.map(({ name, module }) => `${name} (module ${module})`);
	const [first = ''] = named;
	const what = named.length === 1 ? first : `one of ${named.join(', ')}`;
	const remedy = remedyFor(lacking, isNft);
	return new Failure('unsupported', `Cannot commit the rules: the kernel lacks ${what}: ${refusal}`, remedy);
}

const REMEDY = 'See what is there with `turnout diff` and what would be committed with `turnout render`';

/** xtables.lock is what iptables-legacy waits for (iptables(8), -w). */
const LOCK_REMEDY =
	'Make /run writable, or set XTABLES_LOCKFILE to a file that can be written; for the service: `/opt/turnout/service set-up legacy`';

export const noPrivilege = (cause?: unknown): Failure =>
	new Failure(
		'permission',
		"Cannot change the host's rules: this process lacks CAP_NET_ADMIN",
		'Run turnout as root, or give the container the capability NET_ADMIN',
		cause,
	);

/** Root of another user namespace only, or without what iptables-legacy speaks to the kernel through (libiptc). */
export const noRawSocket = (): Failure =>
	new Failure(
		'permission',
		"Cannot change the host's rules: this process lacks CAP_NET_ADMIN over this network, or CAP_NET_RAW, which iptables-legacy needs too",
		'Run turnout as root, give the container the capabilities NET_ADMIN and NET_RAW, or the service what `/opt/turnout/service set-up legacy` does',
	);

function fail(family: Family): never {
	const name = family === 'ipv4' ? 'iptables' : 'ip6tables';
	throw new Failure(
		'tools',
		`Cannot change the ${family} rules: ${name} is not installed`,
		`Install the package ${name}`,
	);
}

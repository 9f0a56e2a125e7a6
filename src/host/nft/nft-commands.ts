import { Failure } from '../../failure.ts';
import type { NftProgram } from '../../firewall/nft/nft-program.ts';
import { oneLine } from '../../lib/escape.ts';
import { mayChangeNetwork } from '../capabilities.ts';
import { cgroupAt } from '../cgroups/find-cgroups.ts';
import { hasModule } from '../iptables/extensions.ts';
import { noPrivilege } from '../iptables/save-restore.ts';
import { createEarlyCommand, runCommand } from '../process/command.ts';
import { ENDED_BY_SIGNAL, type Finished } from '../process/runner.ts';
import { nftParts } from './nft-parts.ts';
import { createTableReader } from './table-reader.ts';

/** `path`: of nft(8). `table`: ours, such as `inet turnout`. */
export function createNftProgram(path: string, table: string): NftProgram {
	const reader = createTableReader(table);
	const lister = createEarlyCommand(path, ['--json', '--file', '-']);
	const committer = createEarlyCommand(path, ['--file', '-']);
	const question = listCommand(table);
	const list = async (signal: AbortSignal): Promise<string> => {
		const early = await lister.run(question, signal);
		if (early.code === 0 && early.stdout !== '') return early.stdout;
		// A read can be repeated. For JSON nft before 1.1.0 opens /dev/stdin, which some systems do not have.
		const finished = await runCommand(path, ['--json', 'list', 'table', ...table.split(' ')], '', signal);
		return isAbsent(finished) ? '' : outputOf(finished, '');
	};
	return {
		prepare: () => committer.start(),
		cgroupAt,
		generation: reader.generation,
		counters: reader.counters,
		async read(signal) {
			const flags = await reader.flags();
			if (flags === undefined || (flags !== 'absent' && flags.length === 0)) return list(signal);
			lister.stop();
			return flags === 'absent' ? '' : flaggedTable(flags);
		},
		async commit(document, signal) {
			const committed = committer.run(document, signal);
			// What was committed is read back.
			lister.start();
			outputOf(await committed, document);
		},
	};
}

/** `list table inet turnout`, as nft reads it from its input where it is to print JSON (libnftables-json(5)). */
function listCommand(table: string): string {
	const [family, name] = table.split(' ');
	return JSON.stringify({ nftables: [{ list: { table: { family, name } } }] });
}

/** As nft would list it; nft 1.0.6 prints other memory in place of flags. What is in a disabled table has no effect. */
const flaggedTable = (flags: readonly string[]): string => JSON.stringify({ nftables: [{ table: { flags } }] });

const isAbsent = ({ code, stderr }: Finished): boolean => code === 1 && /No such file or directory/.test(stderr);

function outputOf(finished: Finished, document: string): string {
	if (finished.code === ENDED_BY_SIGNAL)
		throw new Failure('interrupted', 'Cannot commit the rules: nft was ended by a signal', 'Try again');
	if (finished.code !== 0) throw refused(finished, document);
	return finished.stdout;
}

function refused({ code, stderr }: Finished, document: string): Failure {
	const said = oneLine(/Error: ([^\n]*)/i.exec(stderr)?.[1] ?? stderr) || `it ended with ${code}`;
	if (/Operation not permitted/.test(stderr) && !mayChangeNetwork()) return noPrivilege();
	if (/JSON support not compiled-in/.test(stderr))
		return new Failure('tools', `Cannot read the rules: ${said}`, JSON_REMEDY);
	// `/dev/stdin:5:3-10: Error: …`
	const line = document.split('\n')[Number(/^[^\n:]*:(\d+):/.exec(stderr)?.[1]) - 1]?.trim();
	const refusal = `nft refused${line === undefined ? '' : ` at "${line}"`}: ${said}`;
	const modules = nftParts(line ?? '').flatMap(({ module }) => (hasModule(module) ? [] : [module]));
	if (/No such file|not supported/.test(said) && modules.length > 0) return lacks(modules, refusal);
	const isUnsupported = /not supported/.test(said);
	return new Failure(isUnsupported ? 'unsupported' : 'firewall', `Cannot commit the rules: ${refusal}`, REMEDY);
}

const JSON_REMEDY =
	'Install an nft with JSON (nftables, or nftables-json), or set backend (TURNOUT_BACKEND) to iptables-nft';
const REMEDY = 'See what is there with `turnout diff` and what would be committed with `turnout render`';

const lacks = (modules: readonly string[], refusal: string): Failure =>
	new Failure(
		'unsupported',
		`Cannot commit the rules: the kernel lacks ${modules.join(', ')}: ${refusal}`,
		`Try modprobe ${modules.join(' ')}; where that fails, install the package with the kernel's other modules (linux-modules-extra, kernel-modules-extra), or set backend (TURNOUT_BACKEND) to iptables-legacy`,
	);

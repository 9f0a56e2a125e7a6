import { statfsSync, statSync } from 'node:fs';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { runCommand } from './command.ts';
import { findProgram } from './find-program.ts';
import { ownProgram } from './self.ts';

/** NSFS_MAGIC (linux/magic.h): the file system of namespaces. */
const NSFS = 0x6e736673;

/** Where a network namespace is, seen from this process. */
export type Place = 'here' | 'elsewhere' | 'gone';

/** `gone`: nothing is there, or a file on which a namespace was mounted once. */
export function placeOfNetwork(path: string): Place {
	try {
		if (statfsSync(path).type !== NSFS) return 'gone';
		const [own, other] = [statSync('/proc/self/ns/net'), statSync(path)];
		return own.ino === other.ino && own.dev === other.dev ? 'here' : 'elsewhere';
	} catch (error) {
		const { code = '' } = error as NodeJS.ErrnoException;
		if (['ENOENT', 'ENOTDIR', 'ESRCH'].includes(code)) return 'gone';
		throw cannotEnter(path, code, error);
	}
}

const cannotEnter = (path: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'permission',
		`Cannot enter the network namespace ${path}: ${why}`,
		'Run this as root with the capability SYS_ADMIN',
		cause,
	);

const tools = (why: string): Failure =>
	new Failure('tools', `Cannot enter a network namespace: ${why}`, 'Install the package util-linux');

/** The path of nsenter(1): Node has no setns(2) of its own. */
export function findNsenter(): string {
	const program = findProgram('nsenter');
	if (program === undefined) throw tools('nsenter is not installed');
	return program;
}

/**
 * This process becomes nsenter(1), which becomes this command once more, with the same standard input: whoever ends it ends
 * all of it. Tried first, as what fails after that could not be told as this command tells it.
 */
export async function restartInNetwork(path: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<never> {
	const nsenter = findNsenter();
	const enter = [`--net=${path}`, '--'];
	const { code, stderr } = await runCommand(nsenter, [...enter, nsenter, '--version'], '', signal);
	if (code !== 0) throw cannotEnter(path, oneLine(stderr));
	const [program = '', ...words] = [...ownProgram(), ...process.argv.slice(2)];
	process.execve?.(nsenter, ['nsenter', ...enter, program, ...process.execArgv, ...words], env);
	throw tools('this Node has no execve');
}

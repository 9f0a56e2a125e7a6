import { readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import type { Id, IdRange } from '../units.ts';
import { runCommand } from './command.ts';
import { findProgram } from './tools.ts';

/** A directory service that does not answer is not waited for longer. */
const LOOK_UP_MS = 10_000;

/** Looks names up in the host's database of users or groups; ids and ranges pass as they are. */
export async function resolveIds(ids: readonly Id[], database: 'passwd' | 'group', key: string): Promise<IdRange[]> {
	return Promise.all(ids.map(async (id) => ('name' in id ? lookUp(id.name, database, key) : id)));
}

async function lookUp(name: string, database: 'passwd' | 'group', key: string): Promise<IdRange> {
	const entry = fileEntry(name, database) ?? (await getent(name, database));
	const id = Number(entry?.split(':')[2]);
	if (entry === undefined || !Number.isInteger(id))
		throw new Failure(
			'config',
			`Cannot use ${key}: there is no ${database === 'passwd' ? 'user' : 'group'} "${name}" on this host`,
			'Create it, or write an id; allowed: ids, ranges, and names that the host knows',
		);
	return { from: id, to: id };
}

function fileEntry(name: string, database: string): string | undefined {
	try {
		return readFileSync(`/etc/${database}`, 'utf8')
			.split('\n')
			.find((line) => line.startsWith(`${name}:`));
	} catch {
		return undefined;
	}
}

/** Directory services (sssd, LDAP) are asked through getent(1), where the host has it. */
async function getent(name: string, database: string): Promise<string | undefined> {
	const program = findProgram('getent');
	if (program === undefined) return undefined;
	const { stdout, code } = await runCommand(program, [database, name], '', AbortSignal.timeout(LOOK_UP_MS));
	return code === 0 ? stdout : undefined;
}

/** The primary group of a user, for running a program as them; a user that has no entry has its own number. */
export function primaryGroup(uid: number): number {
	const entry = (quietPasswd() ?? '').split('\n').find((line) => line.split(':')[2] === String(uid));
	return entry === undefined ? uid : Number(entry.split(':')[3]);
}

function quietPasswd(): string | undefined {
	try {
		return readFileSync('/etc/passwd', 'utf8');
	} catch {
		return undefined;
	}
}

import { readFileSync } from 'node:fs';
import type { Id, IdRange } from '../../values/units.ts';
import { runCommand } from '../process/command.ts';
import { findProgram } from '../process/find-program.ts';

/** For a directory service that does not answer. */
const LOOK_UP_MS = 10_000;

/** Resolves names in the host's database of users or groups. Ids and ranges pass as they are; unknown names stay names. */
export async function resolveIds(
	ids: readonly Id[],
	database: 'passwd' | 'group',
): Promise<readonly (IdRange | string)[]> {
	return Promise.all(ids.map(async (id) => ('name' in id ? ((await lookUp(id.name, database)) ?? id.name) : id)));
}

async function lookUp(name: string, database: 'passwd' | 'group'): Promise<IdRange | undefined> {
	const entry = fileEntry(name, database) ?? (await getent(name, database));
	const id = Number(entry?.split(':')[2]);
	return entry === undefined || !Number.isInteger(id) ? undefined : { from: id, to: id };
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

/** Asks directory services (sssd, LDAP) by getent(1), where the host has it. */
async function getent(name: string, database: string): Promise<string | undefined> {
	const program = findProgram('getent');
	if (program === undefined) return undefined;
	const { stdout, code } = await runCommand(program, [database, name], '', AbortSignal.timeout(LOOK_UP_MS));
	return code === 0 ? stdout : undefined;
}

/** The primary group of a user; the uid itself for a user without an entry. */
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

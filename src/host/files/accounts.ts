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

/** A user by name or id; undefined for a name that this host does not know. Any id may be a user's. */
export async function findUser(text: string) {
	const entry = await entryOf(text, 'passwd');
	if (!isId(text) && entry === undefined) return undefined;
	const [name = '', , id = text, gid = text] = entry ?? [];
	return { id: Number(id), name, gid: Number(gid) };
}

/** The same of a group. */
export async function findGroup(text: string) {
	const entry = await entryOf(text, 'group');
	if (!isId(text) && entry === undefined) return undefined;
	const [name = '', , id = text] = entry ?? [];
	return { id: Number(id), name };
}

const isId = (text: string): boolean => /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff;

async function entryOf(text: string, database: 'passwd' | 'group'): Promise<readonly string[] | undefined> {
	// Neither a name that would be an option of getent(1), nor one that is a line.
	if (!/^\w[\w.-]*\$?$/.test(text)) return undefined;
	const byId = isId(text) ? new RegExp(`^[^:]*:[^:]*:${Number(text)}:`) : undefined;
	const entry = linesOf(database).find((line) => byId?.test(line) ?? line.startsWith(`${text}:`));
	return (entry ?? (await getent(text, database)))?.trim().split(':');
}

function linesOf(database: string): readonly string[] {
	try {
		return readFileSync(`/etc/${database}`, 'utf8').split('\n');
	} catch {
		return [];
	}
}

const fileEntry = (name: string, database: string): string | undefined =>
	linesOf(database).find((line) => line.startsWith(`${name}:`));

/** Asks directory services (sssd, LDAP) by getent(1), where the host has it. */
async function getent(name: string, database: string): Promise<string | undefined> {
	const program = findProgram('getent');
	if (program === undefined) return undefined;
	const { stdout, code } = await runCommand(program, [database, name], '', AbortSignal.timeout(LOOK_UP_MS));
	return code === 0 ? stdout : undefined;
}

/** The primary group of a user; the uid itself for a user without an entry. */
export function primaryGroup(uid: number): number {
	const entry = linesOf('passwd').find((line) => line.split(':')[2] === String(uid));
	return entry === undefined ? uid : Number(entry.split(':')[3]);
}

import { existsSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { readText } from '../host/sockets/procfs.ts';
import type { Wanted } from '../status/types.ts';

/** On a busy machine an answer takes seconds. Whoever does without a daemon that hangs can wait so long. */
const PATIENCE_MS = 5_000;

/** What a daemon that runs is to do; undefined where there is none, or one that hangs, which keeps nobody from anything. */
async function wantedBy(socket: string): Promise<Wanted | undefined> {
	if (!existsSync(socket)) return undefined;
	const { createClient } = await import('../localapi/client.ts');
	const client = createClient(socket, AbortSignal.timeout(PATIENCE_MS));
	return (await client.status({}).catch(() => undefined))?.wanted;
}

/** One that is to have rules puts back within a moment whatever is taken away. */
export async function refuseUndone(socket: string): Promise<void> {
	if ((await wantedBy(socket)) !== 'enabled') return;
	throw new Failure(
		'running',
		`Cannot clean: a daemon runs (${socket}), wants interception on, and would put everything back`,
		'`turnout disable`, or stop it first: `systemctl stop turnout`',
	);
}

/** One that is to have none takes away within a moment whatever is put there. Another network's, seen by its path, does not. */
export async function refuseUnwanted(socket: string): Promise<void> {
	if (!isHeardHere(socket) || (await wantedBy(socket)) !== 'disabled') return;
	throw new Failure(
		'running',
		`Cannot switch interception on: a daemon runs (${socket}), wants it off, and would take everything away`,
		'`turnout enable`, or stop it first: `systemctl stop turnout`',
	);
}

/** The file tells of this network's sockets only (unix(7)). */
const isHeardHere = (socket: string): boolean =>
	readText('/proc/self/net/unix')
		.split('\n')
		.some((line) => line.endsWith(` ${socket}`));

import { existsSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { readText } from '../host/sockets/procfs.ts';
import type { Wanted } from '../status/types.ts';

/** Guards for commands without a daemon: a running daemon would undo their work. A busy one may take seconds to answer. */
const TIMEOUT_MS = 5_000;

/** The desired state of a running daemon; undefined if there is none, or it hangs and so cannot interfere. */
async function wantedBy(socket: string): Promise<Wanted | undefined> {
	if (!existsSync(socket)) return undefined;
	const { createClient } = await import('../localapi/client.ts');
	const client = createClient(socket, AbortSignal.timeout(TIMEOUT_MS));
	return (await client.status({}).catch(() => undefined))?.wanted;
}

/** Throws if a daemon would immediately restore the rules that the caller removes. */
export async function refuseUndone(socket: string): Promise<void> {
	if ((await wantedBy(socket)) !== 'enabled') return;
	throw new Failure(
		'running',
		`Cannot clean: a running daemon (${socket}) has interception enabled and would restore everything`,
		'`turnout disable`, or stop it first: `systemctl stop turnout`',
	);
}

/** Throws if a daemon of this network namespace would immediately remove the rules that the caller adds. */
export async function refuseUnwanted(socket: string): Promise<void> {
	if (!isBoundHere(socket) || (await wantedBy(socket)) !== 'disabled') return;
	throw new Failure(
		'running',
		`Cannot enable interception: a running daemon (${socket}) has it disabled and would remove everything`,
		'`turnout enable`, or stop it first: `systemctl stop turnout`',
	);
}

/** /proc/net/unix lists the sockets of this network namespace only (unix(7)); the path may be shared with another one. */
const isBoundHere = (socket: string): boolean =>
	readText('/proc/self/net/unix')
		.split('\n')
		.some((line) => line.endsWith(` ${socket}`));

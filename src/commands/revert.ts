import { setTimeout as sleep } from 'node:timers/promises';
import { type Given, wholeNumber } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import { socketOf, stateDirectoryOf } from '../config/quick-lookup.ts';
import type { PendingConfirmation } from '../daemon/stores.ts';
import { failureOf } from '../failure.ts';
import { backends } from '../firewall/backends.ts';
import { createConfirmationFile } from '../host/files/confirmation-file.ts';
import { createStateStore } from '../host/files/state-file.ts';
import { openHost } from '../host/open-host.ts';
import { countAccepted } from '../host/sockets/listeners.ts';
import { untilNone } from '../lib/until-none.ts';
import { createClient } from '../localapi/client.ts';
import { remove } from '../reconcile/apply.ts';
import { hadRules, restoreCheckpoint } from '../reconcile/checkpoint.ts';

/** A daemon that does not answer within this time counts as hung. */
const TIMEOUT_MS = 5_000;
/** Limit of the drain of captured connections. */
const LONGEST_DRAIN_MS = 3_600_000;

/**
 * Rolls back an unconfirmed change: by the daemon if it answers, else by ourselves, so that it works after the daemon was
 * killed or while it hangs. `only`: only the change with this deadline, not a later one.
 */
export async function runRevert(
	{ socket, stateDirectory }: { readonly socket: string; readonly stateDirectory: string },
	afterSeconds: number,
	only: string | undefined,
	signal: AbortSignal,
): Promise<'daemon' | 'ourselves' | 'nothing'> {
	await sleep(afterSeconds * 1_000, undefined, { signal });
	const confirmationFile = createConfirmationFile(stateDirectory);
	const pending = confirmationFile.read(only);
	if (pending === undefined || pending.isReverted) return 'nothing';
	const asked = await askDaemon(socket);
	if (asked !== undefined) return asked;
	const host = await openHost(backends, signal);
	if (pending.before.wanted === 'disabled' || pending.settings !== undefined)
		await restoreCheckpoint(host, pending, signal);
	// A daemon that was only slow may have rolled back too and have got new requests since.
	if (confirmationFile.read()?.alarm !== pending.alarm) return 'daemon';
	const store = createStateStore(stateDirectory);
	const unwritten = store.write({ ...store.read().state, ...pending.before });
	// On a full disk this is skipped: the next start of the daemon finds that the deadline has passed.
	if (unwritten === undefined) confirmationFile.write({ ...pending, isReverted: true });
	const isOurs = () => unwritten !== undefined || confirmationFile.read()?.isReverted === true;
	if (pending.before.wanted === 'disabled') await settle(host, pending, isOurs, signal);
	if (unwritten !== undefined) throw unwritten.failure;
	return 'ourselves';
}

/** Undefined if there is no daemon, it hangs or it fails. */
async function askDaemon(socket: string): Promise<'daemon' | 'nothing' | undefined> {
	try {
		await createClient(socket, AbortSignal.timeout(TIMEOUT_MS)).revert({});
		return 'daemon';
	} catch (error) {
		return failureOf(error).code === 'confirm' ? 'nothing' : undefined;
	}
}

/** Removes what open captured connections need once they have ended. `isOurs`: no daemon has taken over meanwhile. */
async function settle(
	host: Awaited<ReturnType<typeof openHost>>,
	pending: PendingConfirmation,
	isOurs: () => boolean,
	signal: AbortSignal,
): Promise<void> {
	// The restored rules have our names too and must stay.
	if (hadRules(pending)) return;
	const deadline = AbortSignal.timeout(LONGEST_DRAIN_MS);
	await untilNone(async () => (isOurs() ? countAccepted(pending.ports) : 0), AbortSignal.any([deadline, signal]));
	signal.throwIfAborted();
	if (isOurs()) await remove(host, { keepConntrack: false }, signal);
}

export async function revert(given: Given, { out, isJson, signal }: CommandContext): Promise<number> {
	const seconds = wholeNumber(given, 'after') ?? 0;
	const until = given['until'];
	const only = typeof until === 'string' ? until : undefined;
	const places = { socket: socketOf(given), stateDirectory: stateDirectoryOf(given) };
	const did = await runRevert(places, seconds, only, signal);
	const text = did === 'nothing' ? 'Nothing waits for confirmation\n' : 'Rolled back to the state before\n';
	out(isJson ? `${JSON.stringify({ reverted: did !== 'nothing' })}\n` : text);
	return 0;
}

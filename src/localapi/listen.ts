import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { Failure } from '../failure.ts';
import { msToBeat, REST_MS, systemClock } from '../lib/clock.ts';
import { describeFsError, ensureDirectory } from '../lib/fs.ts';

/**
 * Binds the daemon's socket. Removes a stale socket of a dead daemon; throws if a daemon answers or the path is another
 * kind of file. Only root and the group `turnout`, if it exists, may connect.
 */
export async function bindSocket(server: Server, path: string): Promise<void> {
	const group = turnoutGroup();
	try {
		await refuseTaken(path);
		// 0751: Envoy's user must reach its own directory below.
		const isOurs = ensureDirectory(dirname(path), 0o751);
		if (isOurs) giveTo(dirname(path), group);
		await bound(server, path);
		chmodSync(path, 0o660);
		giveTo(path, group);
	} catch (cause) {
		if (cause instanceof Failure) throw cause;
		throw new Failure('socket', `Cannot listen on ${path}: ${describeFsError(cause)}`, REMEDY, cause);
	}
}

/**
 * Recreates the socket if something that cleans /run has removed it, until the returned function is called. A file that
 * another program has put in its place is left alone.
 */
export function keepListening(server: Server, path: string): () => void {
	let isBinding = false;
	const check = () => {
		if (isBinding || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
		isBinding = true;
		if (server.listening) server.close();
		bindSocket(server, path)
			// The next check retries.
			.catch(() => undefined)
			.finally(() => {
				isBinding = false;
			});
	};
	let cancel: () => void = () => undefined;
	const checkNext = () => {
		cancel = systemClock.after(msToBeat(systemClock, REST_MS), () => {
			check();
			checkNext();
		});
	};
	checkNext();
	return () => cancel();
}

/** The systemd service already runs with this group and may not change owners. */
function giveTo(path: string, group: number | undefined): void {
	if (group !== undefined && statSync(path).gid !== group) chownSync(path, 0, group);
}

const REMEDY = 'Set socket (TURNOUT_SOCKET) to a path in a writable directory';

/** Throws where a program answers on the path, or another kind of file is there. Removes a stale socket. */
export async function refuseTaken(path: string, remedy = REMEDY, taken = secondDaemon): Promise<void> {
	const entry = lstatSync(path, { throwIfNoEntry: false });
	if (entry === undefined) return;
	if (!entry.isSocket())
		throw new Failure('socket', `Cannot listen on ${path}: the path exists and is not a socket`, remedy);
	if ((await answers(path)) || (await reclaimStale(path))) throw taken(path);
}

/**
 * Removes a stale socket; resolves to whether it was alive after all. It is renamed first and probed again, because a
 * daemon that starts at the same moment may have bound the path meanwhile: then the socket is renamed back.
 */
async function reclaimStale(path: string): Promise<boolean> {
	const aside = `${path}.${process.pid}`;
	try {
		renameSync(path, aside);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
		throw error;
	}
	const isAlive = await answers(aside);
	if (isAlive && !existsSync(path)) renameSync(aside, path);
	else rmSync(aside, { force: true });
	return isAlive;
}

const secondDaemon = (path: string): Failure =>
	new Failure(
		'socket',
		`Cannot start a second daemon: one already answers on ${path}`,
		'Use it with `turnout prompt`, stop it first, or set socket (TURNOUT_SOCKET) for another network namespace',
	);

function answers(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const probe = connect(path);
		const end = (isAlive: boolean) => {
			probe.destroy();
			resolve(isAlive);
		};
		probe.once('connect', () => end(true));
		probe.once('error', () => end(false));
	});
}

/** `listen` creates the socket synchronously, so the umask affects no other file. */
function bound(server: Server, path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		const former = process.umask(0o117);
		try {
			server.listen(path, () => {
				server.off('error', reject);
				resolve();
			});
		} finally {
			process.umask(former);
		}
	});
}

function turnoutGroup(): number | undefined {
	try {
		const entry = readFileSync('/etc/group', 'utf8')
			.split('\n')
			.find((line) => line.startsWith('turnout:'));
		return entry === undefined ? undefined : Number(entry.split(':')[2]);
	} catch {
		return undefined;
	}
}

import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { Failure } from '../failure.ts';
import { describeFsError, ensureDirectory } from '../lib/fs.ts';

/**
 * Listens where nobody does: a socket left over by a dead daemon is taken away, a living daemon or a file that is no
 * socket is not. Only root and the group `turnout`, where it exists, may connect.
 */
export async function bindSocket(server: Server, path: string): Promise<void> {
	const group = turnoutGroup();
	try {
		await refuseTaken(path);
		// Envoy's user gets through to the folder of its own there.
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

const LOOK_MS = 2_000;

/**
 * Whoever cleans up /run may take a living socket away: then it is made again, until the returned function is called.
 * What somebody else has put in its place is left alone.
 */
export function keepListening(server: Server, path: string): () => void {
	let isMaking = false;
	const look = () => {
		if (isMaking || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
		isMaking = true;
		if (server.listening) server.close();
		bindSocket(server, path)
			// It is tried again.
			.catch(() => undefined)
			.finally(() => {
				isMaking = false;
			});
	};
	const timer = setInterval(look, LOOK_MS).unref();
	return () => clearInterval(timer);
}

/** As a service our own group is that one already, and a change of owners is forbidden. */
function giveTo(path: string, group: number | undefined): void {
	if (group !== undefined && statSync(path).gid !== group) chownSync(path, 0, group);
}

const REMEDY = 'Set socket (TURNOUT_SOCKET) to a path whose folder can be written';

async function refuseTaken(path: string): Promise<void> {
	const entry = lstatSync(path, { throwIfNoEntry: false });
	if (entry === undefined) return;
	if (!entry.isSocket())
		throw new Failure('socket', `Cannot listen on ${path}: there is something that is no socket`, REMEDY);
	if ((await answers(path)) || (await reclaimStale(path))) throw secondDaemon(path);
}

/**
 * Takes a socket away that nobody answers on. What is taken is looked at once more under another name: a daemon that
 * starts at the same moment may have put its own there meanwhile, and then gets it back.
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
		`Cannot start a second daemon: one answers on ${path} already`,
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

/** The socket is made before `listen` returns, so nobody else's file gets the umask that holds meanwhile. */
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

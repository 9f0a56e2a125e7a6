import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ProxyIdentity } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { describeFsError, ensureDirectory, namesIn, removeQuietly } from '../../lib/fs.ts';
import { findProgram } from '../process/find-program.ts';
import type { Run } from '../process/runner.ts';

/**
 * Each Envoy's admin socket is in a folder of its own, accessible to Envoy, root and the daemon's group only. As a service
 * the daemon is root without capabilities: it can neither chown a file to Envoy's user nor ignore permissions.
 * `control`: the path of the daemon's own socket, which is unique on the host.
 */
export const adminFolder = (control: string): string => `${control}.envoy`;

export const adminSocket = (control: string, instance: string): string =>
	join(adminFolder(control), instance.slice(0, 8), 'admin');

/** For an Envoy in a container: the folder is mounted there, and for everybody else its parent is closed. */
export function makeForContainer(socketPath: string): void {
	const folder = dirname(socketPath);
	try {
		makeOwn(dirname(folder), 0o700);
		mkdirSync(folder);
		// mkdir applies our umask, chmod does not.
		chmodSync(folder, 0o777);
	} catch (cause) {
		throw notMade(socketPath, describeFsError(cause), cause);
	}
}

/**
 * For an Envoy that is a process: a folder that its user owns, made as that user, in one that nobody else can write to.
 * Rejects with Node's error where this process may not run programs as that user.
 */
export async function makeForUser(socketPath: string, uid: number, run: Run): Promise<void> {
	const folder = dirname(socketPath);
	const user = { uid, gid: process.getegid?.() ?? 0 };
	try {
		makeOwn(dirname(folder), 0o771);
	} catch (cause) {
		throw notMade(socketPath, describeFsError(cause), cause);
	}
	const mkdir = findProgram('mkdir') ?? 'mkdir';
	const { code, stderr } = await run(mkdir, ['-m', '770', folder], { user }, AbortSignal.timeout(MKDIR_MS));
	if (code !== 0) throw notMade(socketPath, stderr.trim() || `mkdir has ended with code ${code}`);
}

/** For a disk that hangs. */
const MKDIR_MS = 30_000;

/** In a folder that everybody can write to, somebody else may have made it first, and could change its contents. */
function makeOwn(path: string, mode: number): void {
	ensureDirectory(path, mode);
	if (lstatSync(path).uid !== process.geteuid?.()) throw new Error(`${path} belongs to another user`);
	chmodSync(path, mode);
}

function notMade(socketPath: string, why: string, cause?: unknown): Failure {
	return new Failure(
		'envoy',
		`Cannot start Envoy: no folder can be made for its admin socket ${socketPath}: ${why}`,
		"Set socket (TURNOUT_SOCKET) to a path whose folders Envoy's user may enter",
		cause,
	);
}

/** Called once its Envoy has ended. */
export const removeAdmin = ({ admin }: Pick<ProxyIdentity, 'admin'>): void => {
	if ('socketPath' in admin) removeQuietly(dirname(admin.socketPath), { recursive: true });
};

/** Only if empty: an Envoy that is left running needs its folder in it. */
export function removeAdminFolder(folder: string): void {
	try {
		rmdirSync(folder);
	} catch {
		// In use, or never made.
	}
}

/** Removes the folders of all Envoys but `living`. */
export function sweepAdmins(folder: string, living: readonly ProxyIdentity[]): void {
	const kept = new Set(
		living.flatMap(({ admin }) => ('socketPath' in admin ? [basename(dirname(admin.socketPath))] : [])),
	);
	for (const name of namesIn(folder)) if (!kept.has(name)) removeQuietly(join(folder, name), { recursive: true });
}

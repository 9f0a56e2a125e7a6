import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { answerPages, type Pages } from '../../control/pages.ts';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';
import { refuseTaken } from '../../localapi/listen.ts';
import type { Log } from '../../log.ts';

/** Hidden: nobody reads it as a definition. */
export const CLAIM = '.turnout-control';

/** A socket's path has at most 108 bytes, whatever the folder's has. Close `descriptor` once it is not needed any more. */
export function controlSocket(root: string): { readonly path: string; readonly descriptor: number } {
	const descriptor = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
	return { path: `/proc/self/fd/${descriptor}/${CLAIM}`, descriptor };
}

/**
 * Keeps a second `turnout control` out of a folder until it is disposed of: what two of them write and count at
 * once, neither would see in time. A socket answers for as long as its process lives, also from a container, where neither a
 * process's id nor an abstract socket would be seen. Where a file system has no sockets, or is read-only, that is told. On
 * it `pages` are answered, for `turnout control status`.
 */
export async function claimFolder(root: string, pages: Pages, log: Log): Promise<Disposable> {
	const { path, descriptor } = controlSocket(root);
	const server = createServer(answerPages(pages)).unref();
	const release = () => {
		server.close();
		server.closeAllConnections();
		closeSync(descriptor);
	};
	try {
		await refuseClaimed(root, path);
		// Who serves it as another user has to be able to ask.
		server.listen({ path, readableAll: true, writableAll: true });
		await once(server, 'listening');
	} catch (cause) {
		if (!(cause instanceof Failure) && !isInUse(cause)) {
			log('warn', 'a second one is not kept away', { definitions: root, why: describeFsError(cause) });
			return { [Symbol.dispose]: release };
		}
		release();
		throw cause instanceof Failure ? cause : taken(root, cause);
	}
	return { [Symbol.dispose]: release };
}

const refuseClaimed = (root: string, path: string): Promise<void> =>
	refuseTaken(path, `Move ${root}/${CLAIM} away`, () => taken(root));

/** Throws a Failure where somebody serves it. */
export async function refuseServed(root: string): Promise<void> {
	const { path, descriptor } = controlSocket(root);
	await refuseClaimed(root, path).finally(() => closeSync(descriptor));
}

const isInUse = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';

const taken = (root: string, cause?: unknown): Failure =>
	new Failure(
		'running',
		`Cannot serve the definitions ${root}: another turnout control does`,
		'Use that one, stop it first, or name another folder: --definitions FOLDER',
		cause,
	);

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';

/** Far more than a thousand keys need. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * A file that nobody may read or write but its owner, who is the reader or root. `ofAnyone`: for root that looks after the file
 * of a service, and does nothing that stands in it.
 */
export function readSecretFile(path: string, { ofAnyone = false }: { readonly ofAnyone?: boolean } = {}): string {
	try {
		// A pipe that nobody writes into would be waited for.
		const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		try {
			const why = whyRefused(fstatSync(descriptor), ofAnyone);
			if (why !== undefined) throw unreadable(path, why);
			return readFileSync(descriptor, 'utf8');
		} finally {
			closeSync(descriptor);
		}
	} catch (cause) {
		throw cause instanceof Failure ? cause : unreadable(path, describeFsError(cause), cause);
	}
}

/** Of what has been opened, so that it cannot be another file by then. */
function whyRefused(stats: Stats, ofAnyone: boolean): string | undefined {
	if (!stats.isFile()) return 'it is not a regular file';
	if (stats.size > LARGEST_BYTES) return `it has over ${LARGEST_BYTES} bytes`;
	if (!ofAnyone && stats.uid !== 0 && stats.uid !== process.geteuid?.())
		return `it belongs to user ${stats.uid}, who could change it`;
	const mode = (stats.mode & 0o777).toString(8);
	return (stats.mode & 0o077) === 0 ? undefined : `its mode is ${mode}, so that others may read or change it`;
}

const unreadable = (path: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'permission',
		`Cannot read ${path}: ${why}`,
		`Let it belong to the user that reads it, and to nobody else: chown, and chmod 600 ${path}`,
		cause,
	);

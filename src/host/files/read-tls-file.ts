import { X509Certificate } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TlsFileFacts, Validity } from '../../doctor/certificates-check.ts';
import { describeFsError } from '../../lib/fs.ts';
import type { TlsFile } from '../../values/tls-file.ts';

/** Who reads the files. Access lists (acl(5)) are not looked at. */
export interface Reader {
	readonly uid: number;
	readonly gid: number;
	/** With Envoy in Docker: what its container has of the host's files; undefined: all of them. */
	readonly mounts: readonly string[] | undefined;
}

/** A bundle of authorities of a system has a quarter of a megabyte. */
const LARGEST_BYTES = 16 * 1024 * 1024;

export function readTlsFile(file: TlsFile, reader: Reader): TlsFileFacts {
	const { unreadable, unseen } = access(file.path, reader);
	const facts = { ...file, unreadable, unseen, validity: [] };
	if (unreadable !== '' || unseen !== '' || file.kind === 'key') return facts;
	try {
		return { ...facts, validity: certificatesIn(readFileSync(file.path, 'utf8')).flatMap(validityOf) };
	} catch (cause) {
		return { ...facts, unseen: describeFsError(cause) };
	}
}

function access(path: string, reader: Reader): Pick<TlsFileFacts, 'unreadable' | 'unseen'> {
	const isMounted = reader.mounts?.some((mount) => path === mount || path.startsWith(`${mount.replace(/\/$/, '')}/`));
	if (isMounted === false) return { unreadable: 'it is not among envoy.mounts', unseen: '' };
	try {
		return { unreadable: whyUnreadable(path, reader), unseen: '' };
	} catch (cause) {
		const isHidden = (cause as NodeJS.ErrnoException).code === 'EACCES';
		return { unreadable: isHidden ? '' : describeFsError(cause), unseen: isHidden ? describeFsError(cause) : '' };
	}
}

/** A folder lets those through who may search it (path_resolution(7)). */
function whyUnreadable(path: string, reader: Reader): string {
	const stats = statSync(path);
	if (!stats.isFile()) return 'it is not a regular file';
	if (stats.size > LARGEST_BYTES) return `it has over ${LARGEST_BYTES} bytes`;
	// A container sees only what is mounted, from there on.
	const closed = (reader.mounts?.includes(path) === true ? [] : foldersOf(path)).find(
		(folder) => !may(statSync(folder), reader, 1),
	);
	if (closed !== undefined) return `${closed} does not let it through`;
	return may(stats, reader, 4) ? '' : 'its permissions do not allow it';
}

function foldersOf(path: string): readonly string[] {
	const folder = dirname(path);
	return folder === path ? [] : [...foldersOf(folder), folder];
}

/** `bit`: 4 to read, 1 to search. Root may both. */
function may({ mode, uid, gid }: Stats, reader: Reader, bit: 1 | 4): boolean {
	const shift = uid === reader.uid ? 6 : gid === reader.gid ? 3 : 0;
	return reader.uid === 0 || ((mode >> shift) & bit) !== 0;
}

const certificatesIn = (text: string): readonly string[] =>
	text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];

/** What is no certificate after all is left out. */
function validityOf(pem: string): Validity[] {
	try {
		const { subject, validFromDate, validToDate } = new X509Certificate(pem);
		const name = subject.split('\n').at(-1) ?? '';
		return [{ subject: name, fromMs: validFromDate.getTime(), toMs: validToDate.getTime() }];
	} catch {
		return [];
	}
}

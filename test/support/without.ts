// A host on which some of the system's programs are not installed: everybody else's view of the machine stays as it is.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from '../lab/net/namespace.ts';
import { type Outcome, turnoutProgram } from '../lab/turnout.ts';

/**
 * In a mount namespace of its own another folder lies over the system's, full of links to the programs in it: all but
 * those that are hidden. The mounts are gone with the program that is run so.
 */
const script = `
set -e
mount -t tmpfs none "$1"
mkdir "$1/all" "$1/some"
mount --bind /usr/sbin "$1/all"
ln -s "$1"/all/* "$1/some/"
cd "$1/some"
eval "$2"
cd /
mount --bind "$1/some" /usr/sbin
shift 2
exec "$@"`;

/** What to put before a command; `change` is shell script in the folder of programs, such as `rm -f ip6tables*`. */
export function withPrograms(folder: string, change: string): string[] {
	mkdirSync(folder, { recursive: true });
	return ['unshare', '--mount', 'sh', '-c', script, 'sh', mkdtempSync(join(folder, 'programs-')), change];
}

/** A folder with a file system of its own over it, that only this command sees. */
export function withMount(folder: string, options: string, then = ':'): string[] {
	mkdirSync(folder, { recursive: true });
	const mount = `set -e; mount -t tmpfs -o "$2" none "$1"; ${then}; shift 2; exec "$@"`;
	return ['unshare', '--mount', 'sh', '-c', mount, 'sh', folder, options];
}

export function turnoutThrough(host: Namespace, through: readonly string[], args: readonly string[]): Outcome {
	const [file = '', ...words] = [...through, turnoutProgram, ...args];
	return host.tryRun(file, words);
}

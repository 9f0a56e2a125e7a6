// What the image has of Debian: the programs that turnout runs, and the libraries that these and Node need.
import { copyFileSync, cpSync, globSync, lstatSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Processor, processors } from './payload.ts';
import { run } from './run.ts';

/** The one whose iptables and nft the tests run with. */
const SUITE = 'bookworm';
const packages = ['iproute2', 'iptables', 'libstdc++6', 'netbase', 'nftables', 'util-linux'];
/** Both dialects of iptables are one program each, with many names; they load what they match by. */
const programs = [
	'{usr/,}sbin/{iptables,ip6tables,xtables}-{nft,legacy}*',
	'{usr/,}sbin/nft',
	'{usr/,}bin/{ip,nsenter}',
	'usr/lib/*/xtables/lib{xt,ipt,ip6t}_*.so',
];
/** What starts a program, and the names of protocols. */
const others = ['lib{64,}/ld-linux-*', 'etc/protocols'];

/**
 * Copies them into `root`; returns their packages, as `libc6 2.36-9`. Nothing of them is run, so that the processor may be
 * another one than this. `own`: what needs libraries too. `folder`: for what is fetched.
 */
export function writeDebianFiles(
	processor: Processor,
	root: string,
	folder: string,
	own: readonly string[],
): readonly string[] {
	const archives = fetchPackages(processor, join(folder, 'apt'));
	const unpacked = join(folder, 'packages');
	mkdirSync(unpacked);
	for (const [name, archive] of archives) run('dpkg-deb', ['--extract', archive, join(unpacked, name)]);
	const find: Find = (patterns) =>
		globSync(
			patterns.map((each) => `*/${each}`),
			{ cwd: unpacked },
		);
	const found = find(programs);
	const paths = found.map((path) => join(unpacked, path)).filter((path) => lstatSync(path).isFile());
	const taken = [...found, ...find(others), ...librariesOf([...own, ...paths], unpacked, find)];
	for (const path of taken) place(join(unpacked, path), join(root, path.replace(/^[^/]+\//, '')));
	const used = new Set(taken.map((path) => String(path.split('/')[0])));
	return [...used].sort().map((name) => {
		writeCopyright(name, unpacked, root);
		return writeStatus(name, String(archives.get(name)), root);
	});
}

/** Paths that begin with the name of a package. */
type Find = (patterns: readonly string[]) => readonly string[];

/** They and what they depend on, checked by their signatures: by name, the file that each came in. */
function fetchPackages(processor: Processor, folder: string): ReadonlyMap<string, string> {
	const words = [`--architectures=${processors[processor].goName}`, `--include=${packages.join(',')}`];
	run('mmdebstrap', ['--quiet', '--variant=extract', '--skip=cleanup/apt/cache', ...words, SUITE, folder]);
	const archives = globSync(join(folder, 'var/cache/apt/archives/*.deb'));
	return new Map(archives.map((path) => [String(basename(path).split('_')[0]), path]));
}

/** All that `paths` need to be loaded, and what that needs, each under the name that it is asked for by. */
function librariesOf(paths: readonly string[], unpacked: string, find: Find): readonly string[] {
	const known = new Map<string, readonly string[]>();
	const queue = [...paths];
	for (let path = queue.pop(); path !== undefined; path = queue.pop())
		for (const [, name = ''] of run('readelf', ['--dynamic', path]).matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
			if (known.has(name)) continue;
			const [link] = find([`{usr/,}lib/*-linux-gnu/${name}`]);
			if (link === undefined) throw new Error(`${path} needs ${name}, which no package has that was fetched`);
			const file = followed(unpacked, link);
			known.set(name, [link, file]);
			queue.push(join(unpacked, file));
		}
	return [...new Set([...known.values()].flat())];
}

const followed = (unpacked: string, path: string): string =>
	lstatSync(join(unpacked, path)).isSymbolicLink() ? join(dirname(path), readlinkSync(join(unpacked, path))) : path;

function place(from: string, to: string): void {
	mkdirSync(dirname(to), { recursive: true });
	cpSync(from, to, { verbatimSymlinks: true });
}

/** Packages of one source may have one folder. */
function writeCopyright(name: string, unpacked: string, root: string): void {
	const documents = (owner: string) => join(unpacked, owner, 'usr/share/doc', owner);
	const owner = lstatSync(documents(name)).isSymbolicLink() ? readlinkSync(documents(name)) : name;
	const to = join(root, 'usr/share/doc', name);
	mkdirSync(to, { recursive: true });
	copyFileSync(join(documents(owner), 'copyright'), join(to, 'copyright'));
}

/** Where scanners look for the packages of an image that has no package manager. */
function writeStatus(name: string, archive: string, root: string): string {
	const control = run('dpkg-deb', ['--field', archive]);
	const folder = join(root, 'var/lib/dpkg/status.d');
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, name), control);
	return `${name} ${/^Version: (.*)$/m.exec(control)?.[1]}`;
}

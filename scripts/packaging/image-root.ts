// The root file system of the image for one processor: turnout, what it needs of Debian, and no shell.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeParts } from '../native-parts.ts';
import { writeDebianFiles } from './debian-files.ts';
import { nodeVersion, type Processor, sameCodes, writePayload } from './payload.ts';
import { run } from './run.ts';

/** What a host has of turnout and a container does not: its service, man pages and completions. */
const ofHosts = ['share', 'service', 'process.conf', 'legacy.conf'];
/** The words that each program begins with. */
const launchers: Readonly<Record<string, readonly string[]>> = {
	turnout: [],
	'appmesh-route-manager.sh': ['route-manager'],
	'aws-appmesh': ['cni'],
};
/** By the path where it is: where it leads to. The second is where the image of AWS has the script. */
const links = {
	'usr/bin/turnout': '/opt/turnout/turnout',
	'opt/amazon/bin/sidecar-proxy-route-manager.sh': '/opt/turnout/appmesh-route-manager.sh',
};

/** `folder`: for all that is made. */
export function writeImageRoot(processor: Processor, folder: string): { folder: string; contents: string } {
	const root = join(folder, 'root');
	const own = join(root, 'opt/turnout');
	writePayload(processor, own, ['init.code', ...sameCodes]);
	for (const name of ofHosts) rmSync(join(own, name), { recursive: true });
	for (const [name, words] of Object.entries(launchers)) writeFileSync(join(own, name), launcher(words));
	for (const [path, target] of Object.entries(links)) {
		mkdirSync(join(root, dirname(path)), { recursive: true });
		symlinkSync(target, join(root, path));
	}
	const node = join(own, 'lib/node');
	const packages = writeDebianFiles(processor, root, folder, [
		node,
		...Object.keys(nativeParts).map((name) => join(own, 'lib', name)),
	]);
	for (const name of ['dev', 'etc/turnout', 'proc', 'run', 'sys', 'tmp'])
		mkdirSync(join(root, name), { recursive: true });
	writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/\n');
	writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
	run('chmod', ['-R', 'u=rwX,go=rX', root]);
	chmodSync(join(root, 'tmp'), 0o1777);
	const [whole, turnout, ofNode] = [root, own, node].map(megabytes) as [number, number, number];
	const parts = [`Node ${nodeVersion} ${ofNode}`, `turnout ${turnout - ofNode}`, `Debian's files ${whole - turnout}`];
	return { folder: root, contents: `${whole} MB: ${parts.join(', ')} (${packages.join(', ')})` };
}

const MAIN = '/opt/turnout/lib/turnout.cjs';

/** The one of scripts/build needs a shell. */
const launcher = (words: readonly string[]): string => `#!${dirname(MAIN)}/node
process.argv.splice(1, 1, ...${JSON.stringify([MAIN, ...words])});
require('${MAIN}').start('${dirname(MAIN)}');
`;

const megabytes = (path: string): number =>
	Math.round(Number.parseInt(run('du', ['--bytes', '--summarize', path]), 10) / 1_000_000);

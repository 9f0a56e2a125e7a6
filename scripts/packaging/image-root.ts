// The root file system of the image for one processor: turnout, what it needs of Debian, and no shell.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
	for (const [name, words] of Object.entries(launchers)) {
		writeFileSync(join(own, name), launcher(words));
		chmodSync(join(own, name), 0o755);
	}
	for (const [path, target] of Object.entries(links)) {
		mkdirSync(join(root, dirname(path)), { recursive: true });
		symlinkSync(target, join(root, path));
	}
	const node = join(own, 'lib/node');
	const packages = writeDebianFiles(processor, root, folder, [node, join(own, 'lib/netlink.node')]);
	for (const name of ['dev', 'etc/turnout', 'proc', 'run', 'sys', 'tmp'])
		mkdirSync(join(root, name), { recursive: true });
	chmodSync(join(root, 'tmp'), 0o1777);
	writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/\n');
	writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
	const [whole, turnout, ofNode] = [root, own, node].map(megabytes) as [number, number, number];
	const parts = [`Node ${nodeVersion} ${ofNode}`, `turnout ${turnout - ofNode}`, `Debian's files ${whole - turnout}`];
	return { folder: root, contents: `${whole} MB: ${parts.join(', ')} (${packages.join(', ')})` };
}

/** A shell would be needed for the one of scripts/build. */
const launcher = (words: readonly string[]): string =>
	[
		'#!/opt/turnout/lib/node',
		`process.argv.splice(${['1, 1', "'/opt/turnout/lib/turnout.cjs'", ...words.map((word) => `'${word}'`)].join(', ')});`,
		"require('/opt/turnout/lib/turnout.cjs').start('/opt/turnout/lib');",
		'',
	].join('\n');

const megabytes = (path: string): number =>
	Math.round(Number.parseInt(run('du', ['--bytes', '--summarize', path]), 10) / 1_000_000);

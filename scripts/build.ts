import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Makes `dist/`: a launcher beside one bundle, the Node that runs it, netlink's native part, and V8's compiled code.
 * It is made aside and put in place as a whole, so that a build beside a running test disturbs nobody.
 */
const root = join(import.meta.dirname, '..');
const draft = join(root, `dist.${process.pid}`);
const dist = join(root, 'dist');

mkdirSync(join(draft, 'lib'), { recursive: true });
await build({
	entryPoints: [join(root, 'src/main.ts')],
	outfile: join(draft, 'lib/turnout.cjs'),
	bundle: true,
	platform: 'node',
	target: 'node24',
	format: 'cjs',
	minify: true,
	keepNames: true,
	legalComments: 'linked',
	// The package looks for its native part beside its own folder; the bundle is that folder now.
	plugins: [{ name: 'native', setup: (plugin) => plugin.onResolve({ filter: /^node-gyp-build$/ }, native) }],
	logLevel: 'warning',
});

function native(): { path: string } {
	return { path: join(root, 'scripts/native.cjs') };
}

const prebuilt = join(root, 'node_modules/netlink/prebuilds', `linux-${process.arch}`);
for (const name of readdirSync(prebuilt)) copyFileSync(join(prebuilt, name), join(draft, 'lib/netlink.node'));
shareOrCopy(process.execPath, join(draft, 'lib/node'));
for (const [name, words] of [
	['turnout', '"$@"'],
	['appmesh-route-manager.sh', 'route-manager "$@"'],
] as const) {
	writeFileSync(join(draft, name), launcher(words));
	chmodSync(join(draft, name), 0o755);
}
rmSync(dist, { recursive: true, force: true });
renameSync(draft, dist);
execFileSync(join(dist, 'turnout'), ['--version'], { env: { ...process.env, TURNOUT_WARM: '1' } });

/** Without a process of its own where it is started by its path; a link is followed first. */
function launcher(words: string): string {
	return [
		'#!/bin/sh',
		'self=$0',
		'if [ -L "$self" ]; then self=$(readlink -f "$self"); fi',
		`exec "\${self%/*}/lib/node" "\${self%/*}/lib/turnout.cjs" ${words}`,
		'',
	].join('\n');
}

/** 120 MB that need not be there twice. */
function shareOrCopy(from: string, to: string): void {
	try {
		linkSync(from, to);
	} catch {
		copyFileSync(from, to);
	}
}

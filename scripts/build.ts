import { spawn, spawnSync } from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	existsSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type BuildOptions, build, type PluginBuild } from 'esbuild';
import { dialects } from '../src/values/dialects.ts';
import { nativeParts } from './native-parts.ts';
import { billOfMaterials } from './packaging/bill-of-materials.ts';
import { sourceEpoch, writeShare } from './packaging/share.ts';
import { buildPage } from './page.ts';

/**
 * Makes `dist/`, which becomes /opt/turnout: a launcher beside one bundle, the Node that runs it, its native parts, and
 * V8's compiled code; man pages, completions, and what a host's service needs. It is made aside and put in place as a whole, so that a build beside a running test disturbs nobody.
 */
const root = join(import.meta.dirname, '..');
const draft = join(root, `.cache/dist.${process.pid}`);
const dist = join(root, 'dist');
/**
 * The daemon lives long and does little: a small young generation and smaller code keep its memory flat. With less than
 * 4 MB a change in a mesh of 200 services spends a third of its time collecting garbage, and nothing is saved.
 */
const daemonOptions = ['--max-semi-space-size=4', '--optimize-for-size'];
/** With a thousand Envoys what is young would be a third of its memory. */
const controlOptions = ['--max-semi-space-size=4'];
/** They have ended before there is anything to collect: a collection would be a twentieth of their time. */
const onceOptions = ['--min-semi-space-size=16'];
const { quick } = createRequire(import.meta.url)('./start.cjs') as { readonly quick: readonly string[] };
const quietly = {
	stdio: 'ignore',
	env: {
		PATH: process.env['PATH'],
		...{ APPMESH_START_ENABLED: '1', APPMESH_APP_PORTS: '8080' },
		// No other user is mapped where they are run, and the kernel takes no rules about those (owner_check, xt_owner.c).
		APPMESH_IGNORE_UID: '0',
		// Not this host's own daemon or Envoy: it is none of theirs that is asked, or cleaned.
		...{ TURNOUT_SOCKET: '/nonexistent', TURNOUT_DOCKER_SOCKET: '/nonexistent' },
	},
	timeout: 60_000,
} as const;

mkdirSync(join(draft, 'lib'), { recursive: true });
/** Large, and needed by few commands or late: files of their own, so that no start reads them. By file: what is in it. */
const apart: Readonly<Record<string, readonly string[]>> = {
	'dockerode.cjs': ['dockerode'],
	'client-ecr.cjs': ['@aws-sdk/client-ecr'],
	'execa.cjs': ['execa'],
	'grpc.cjs': ['@grpc/grpc-js'],
	'protobuf.cjs': ['@bufbuild/protobuf', '@bufbuild/protobuf/wkt', '@bufbuild/protobuf/wire'],
	'envoy-api.cjs': ['src/host/ads/envoy-api.ts'],
	'yaml.cjs': ['yaml'],
	// All that only a mesh needs: of the daemon, and of commands that look at definitions.
	'mesh.cjs': ['src/commands/definition-ports.ts', 'src/daemon/mesh-delivery.ts'],
	'mesh-commands.cjs': [
		...['src/commands/mesh.ts', 'src/commands/explain.ts', 'src/commands/explain/explain-mesh.ts'],
		'src/commands/doctor/mesh-checks.ts',
	],
	'control.cjs': ['src/commands/control.ts'],
	'etcd.cjs': ['src/host/etcd/open-etcd.ts'],
	// One class for all files, whose instances each of them knows.
	'failure.cjs': ['src/failure.ts'],
};
const options = {
	bundle: true,
	platform: 'node',
	target: 'node24',
	format: 'cjs',
	minify: true,
	legalComments: 'linked',
	logLevel: 'warning',
	// Its files lie beside each other, wherever they are moved.
	define: { 'import.meta.dirname': '__dirname' },
	// Its main file finds its parts by a `require` that no bundler sees through.
	alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
	// What is in it.
	metafile: true,
	absWorkingDir: root,
	// V8's scripts have no modules to import.
	supported: { 'dynamic-import': false },
} as const satisfies BuildOptions;
const bundles = await Promise.all([
	...[undefined, ...quick].map((command) =>
		build({
			...options,
			entryPoints: [join(root, 'src/main.ts')],
			outfile: join(draft, `lib/${command ?? 'bundle'}.cjs`),
			plugins: [
				{ name: 'netlink', setup: (plugin) => netlink(plugin) },
				{ name: 'only', setup: (plugin) => (command === undefined ? undefined : leaveOthersOut(plugin, command)) },
				{ name: 'apart', setup: (plugin) => leaveApart(plugin, []) },
			],
		}),
	),
	...Object.entries(apart).map(([file, names]) =>
		build({
			...options,
			stdin: { contents: `module.exports = ${exportsOf(names)}`, resolveDir: root },
			outfile: join(draft, 'lib', file),
			plugins: [
				{ name: 'apart', setup: (plugin) => leaveApart(plugin, names) },
				...(file === 'dockerode.cjs' ? [{ name: 'unused', setup: leaveOut }] : []),
			],
		}),
	),
]);

/** A module that is a function stays one. */
function exportsOf(names: readonly string[]): string {
	const required = names.map((name) => `require('${name.startsWith('src/') ? `./${name}` : name}')`);
	return required.length === 1 ? String(required[0]) : `{ ${required.map((each) => `...${each}`).join(', ')} }`;
}

/** `own`: what is in the file itself. */
function leaveApart(plugin: PluginBuild, own: readonly string[]): void {
	const files = new Map(Object.entries(apart).flatMap(([file, names]) => names.map((name) => [name, file] as const)));
	plugin.onResolve({ filter: /./ }, ({ path, resolveDir }) => {
		const name = path.startsWith('.') ? relative(root, join(resolveDir, path)) : path;
		const file = own.includes(name) ? undefined : files.get(name);
		return file === undefined ? null : { path: `./${file}`, external: true };
	});
}

/** The other commands, which the table loads when they run: in a bundle of this one they never do. */
function leaveOthersOut(plugin: PluginBuild, command: string): void {
	plugin.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
		const isCommand = importer.endsWith('/src/commands/table.ts') && kind === 'dynamic-import';
		return isCommand && path !== `./${command}.ts` ? { path, namespace: 'another' } : null;
	});
	plugin.onLoad({ filter: /.*/, namespace: 'another' }, () => ({
		contents: `throw new Error('This is the bundle of ${command}');`,
	}));
}

/** What dockerode brings for building images and for Docker behind ssh. */
function leaveOut(plugin: PluginBuild): void {
	plugin.onResolve({ filter: /^(@grpc\/|protobufjs|ssh2$|cpu-features$)|^\.\/session$/ }, ({ path, importer }) =>
		path !== './session' || importer.includes('/dockerode/') ? { path, namespace: 'unused' } : null,
	);
	plugin.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
}

/**
 * The package looks for its native part beside its own folder, and the bundle is that folder now. Its copies of whole
 * modules (`__importStar`) load all that Node's `util` loads only when asked: a quarter of a cold start.
 */
function netlink(plugin: PluginBuild): void {
	plugin.onResolve({ filter: /^node-gyp-build$/ }, () => ({ path: join(root, 'scripts/native.cjs') }));
	plugin.onLoad({ filter: /\/netlink\/dist\/.*\.js$/ }, ({ path }) => ({
		contents: readFileSync(path, 'utf8').replaceAll('__importStar(require(', '(require('),
	}));
}

for (const [name, compiled] of Object.entries(nativeParts)) copyFileSync(compiled(), join(draft, 'lib', name));
shareOrCopy(process.execPath, join(draft, 'lib/node'));
/** Node can enter a network only by starting anew; before it starts, that costs next to nothing. What fails is left to it to tell. */
const enterNetwork = [
	'if [ -e "$CNI_NETNS" ] && ! [ "$CNI_NETNS" -ef /proc/self/ns/net ] && nsenter --net="$CNI_NETNS" true 2>/dev/null; then',
	'	export CNI_NETNS_OVERRIDE=1',
	'	exec nsenter --net="$CNI_NETNS" "$0" "$@"',
	'fi',
];
for (const [name, words, first] of [
	['turnout', '"$@"', []],
	['appmesh-route-manager.sh', 'route-manager "$@"', []],
	['aws-appmesh', 'cni "$@"', enterNetwork],
] as const) {
	writeFileSync(join(draft, name), launcher(words, first));
	chmodSync(join(draft, name), 0o755);
}
copyFileSync(join(root, 'scripts/start.cjs'), join(draft, 'lib/turnout.cjs'));
copyFileSync(join(root, 'scripts/cni.cjs'), join(draft, 'lib/cni.cjs'));
copyFileSync(join(root, 'scripts/service'), join(draft, 'service'));
copyFileSync(join(root, 'LICENSE'), join(draft, 'LICENSE'));
copyFileSync(
	join(root, `node_modules/node/node_modules/node-linux-${process.arch}/LICENSE`),
	join(draft, 'lib/node.LICENSE'),
);
for (const name of ['process.conf', 'legacy.conf']) copyFileSync(join(root, 'systemd', name), join(draft, name));
await writeShare(join(draft, 'share'));
const page = await buildPage(join(draft, 'lib/page'));
const inputs = [...bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs)), ...page];
writeFileSync(join(draft, 'sbom.cdx.json'), billOfMaterials(inputs, sourceEpoch()));
await warm();
const former = `${draft}.former`;
if (existsSync(dist)) renameSync(dist, former);
renameSync(draft, dist);
rmSync(former, { recursive: true, force: true });

/** The commands whose start counts and the daemon, each in a network of its own where the system lets us have one. */
async function warm(): Promise<void> {
	const lib = join(draft, 'lib');
	const [node, script] = [
		join(lib, 'node'),
		['--hash-seed=1', '--no-sparkplug', join(root, 'scripts/warm.cjs'), lib],
	] as const;
	const alone = ['--map-root-user', '--net', '--', node];
	const hasNamespaces = spawnSync('unshare', [...alone, '--version'], quietly).status === 0;
	const [program, args] = hasNamespaces ? ['unshare', alone] : [node, []];
	const run = (...words: readonly string[]) => spawnSync(program, [...args, ...script, ...words], quietly).status === 0;
	run('status');
	if (!hasNamespaces) return;
	run('route-manager', 'then', 'clean');
	for (const backend of dialects) {
		const init = ['init', '--backend', backend];
		// It ends with 1: it is told of a Docker that does not answer.
		run(...init, 'then', 'clean');
		if (run(...init, 'then', ...init)) continue;
		console.error(`\`init\` does not run here with ${backend}: it is going to start more slowly with that`);
	}
	await warmDaemon([...alone, ...daemonOptions, ...script]);
}

/** Ended as soon as it is ready. */
async function warmDaemon(command: readonly string[]): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), 'turnout-build-'));
	const own = ['--socket', join(folder, 'socket'), '--state-directory', join(folder, 'state')];
	const daemon = spawn('unshare', [...command, 'run', '--no-prompt', ...own], {
		...quietly,
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	for await (const text of daemon.stderr.setEncoding('utf8')) if (text.includes('"event":"ready"')) daemon.kill();
	rmSync(folder, { recursive: true });
}

/** Without a process of its own where it is started by its path; a link is followed first. */
function launcher(words: string, first: readonly string[]): string {
	return [
		'#!/bin/sh',
		...first,
		'self=$0',
		'if [ -L "$self" ]; then self=$(readlink -f "$self"); fi',
		`case "\${1-}" in`,
		// One arena, and of what is as large as a load report no pool (mallopt(3)), to the same end as their options.
		`run) export MALLOC_ARENA_MAX=1; options='${daemonOptions.join(' ')}' ;;`,
		`control) export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768; options='${controlOptions.join(' ')}' ;;`,
		`init | clean) options='${onceOptions.join(' ')}' ;;`,
		// Whatever the environment has by this name.
		'*) options= ;;',
		'esac',
		`exec "\${self%/*}/lib/node" $options "\${self%/*}/lib/turnout.cjs" ${words}`,
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

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const src = join(import.meta.dirname, '../src/');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

/** What the files of each folder, or single files, may import; packages and `node:` modules follow below. */
const base = ['values', 'lib', 'failure'];
const directions: Readonly<Record<string, readonly string[]>> = {
	lib: [],
	values: ['lib'],
	ruleset: base,
	firewall: ['ruleset', ...base],
	routing: base,
	connections: ['ruleset', ...base],
	config: base,
	reconcile: ['firewall', 'routing', 'ruleset', 'connections', ...base],
	envoy: ['connections', ...base],
	status: ['firewall', 'values', 'lib'],
	localapi: ['status', 'log', ...base],
	daemon: [
		...[
			'mesh',
			'xds',
			'reconcile',
			'connections',
			'envoy',
			'firewall',
			'routing',
			'ruleset',
			'config',
			'status',
			'localapi',
		],
		...['log', 'version', ...base],
	],
	failure: ['lib'],
	log: ['lib', 'failure'],
	version: [],
	cli: ['localapi', 'status', ...base],
	'route-manager': ['lib'],
	host: base,
	mesh: base,
	xds: ['mesh', ...base],
	doctor: ['status', 'mesh', ...base],
	store: ['mesh', ...base],
	/** In a browser. */
	console: ['mesh', 'values', 'lib'],
	control: ['store', 'mesh', 'xds', 'status', 'log', ...base],
};
const imports = new Map([...texts].map(([file, text]) => [file, importsOf(file, text).flatMap(ownImport)]));

/** They compose all of it, and nobody imports them. */
const roots = ['commands', 'main'];

const placeOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, ''));

for (const file of texts.keys()) {
	test(`${file} imports only what its place allows`, () => {
		const from = placeOf(file);
		const allowed = directions[from];
		assert.ok(allowed !== undefined || roots.includes(from), `${file} stands in no folder of the house`);
		for (const { to, isType } of imports.get(file) ?? []) {
			const place = placeOf(to);
			// An implementation knows the interface that it implements, and nothing else of the feature.
			if (allowed === undefined || place === from || (from === 'host' && isType && !roots.includes(place))) continue;
			assert.ok(allowed.includes(place), `${file} imports ${to}; ${from} may import ${allowed.join(', ')}`);
		}
	});
}

test('nothing but the commands and host itself reaches host/, by whatever way', () => {
	for (const file of texts.keys()) {
		if ([...roots, 'host'].includes(placeOf(file))) continue;
		const way = wayTo(file, (to) => placeOf(to) === 'host');
		assert.ok(way === undefined, `${way?.join(' → ')}`);
	}
});

/** The first way on which `file` loads something that `isWanted`; what is only a type is not loaded. */
function wayTo(
	file: string,
	isWanted: (to: string) => boolean,
	seen = new Set<string>(),
): readonly string[] | undefined {
	if (isWanted(file)) return [file];
	seen.add(file);
	for (const { to, isType } of imports.get(file) ?? []) {
		const found = isType || seen.has(to) ? undefined : wayTo(to, isWanted, seen);
		if (found !== undefined) return [file, ...found];
	}
	return undefined;
}

/** What may not be imported from where, and why: packages and modules of Node. */
const forbidden: readonly { readonly from: RegExp; readonly to: RegExp; readonly because: string }[] = [
	{
		from: /^(ruleset\/|doctor\/|status\/(?!prometheus)|firewall\/|routing\/|envoy\/(lifecycle|bootstrap|overlay|command-line)\.)/,
		to: /^(?!\.\/|node:(net|crypto|path)$)/,
		because: 'it is a function of its input',
	},
	{ from: /^(?!host\/)/, to: /^(execa|netlink|dockerode|@aws-sdk)/, because: 'only host/ holds the outside world' },
	{ from: /^(?!config\/)/, to: /^convict/, because: 'settings are read in one place' },
	{
		from: /^(?!config\/|mesh\/|commands\/pods\/)/,
		to: /^yaml/,
		because: 'only settings, definitions and pods are YAML',
	},
	{
		from: /^mesh\//,
		to: /^node:/,
		because: 'definitions are read by host/, are a function of their text, and are checked in a browser as well',
	},
	{
		from: /^control\/access\//,
		to: /^node:(?!crypto$)/,
		because: 'who may is a function of the request, the keys and the time',
	},
	{
		from: /^(?!control\/|commands\/control|host\/)/,
		to: /^\.\/control\//,
		because: 'the API, and what AWS has made for it, is loaded by turnout control alone; host/ knows its interfaces',
	},
	{
		from: /^(?!control\/access\/|host\/control-plane\/)/,
		to: /^@smithy/,
		because: 'signatures are verified in one place, and made in one',
	},
	{ from: /^console\//, to: /^node:/, because: 'a browser runs it' },
	{ from: /^(?!console\/)/, to: /^preact/, because: 'only the page is drawn by it' },
	{ from: /^(?!status\/prometheus)/, to: /^prom-client/, because: 'the rest of the code knows its own metrics only' },
];

for (const { from, to, because } of forbidden)
	test(`${from} imports nothing like ${to}: ${because}`, () => {
		for (const [file, text] of texts)
			for (const { target } of importsOf(file, text))
				assert.ok(!(from.test(file) && to.test(target)), `${file} imports ${target}`);
	});

test('what asks a running daemon starts without what only the daemon needs', () => {
	const heavy = /^(dockerode|execa|@aws-sdk|convict|yaml|prom-client|netlink)/;
	const way = wayTo('cli/daemon-commands.ts', (file) =>
		importsOf(file, texts.get(file) ?? '').some(({ target, isType }) => !isType && heavy.test(target)),
	);
	assert.equal(way, undefined);
});

test('what etcd needs is loaded where one is named, and not before', () => {
	for (const [file, text] of texts)
		if (!file.startsWith('host/etcd/'))
			assert.doesNotMatch(text, /^(?:import|export) (?!type )[^;]*'[^']*host\/etcd\//m, file);
});

test('a name of a file says which one is meant: none occurs twice', () => {
	const names = files.map((file) => basename(file)).sort();
	const twice = names.filter((name, at) => names[at - 1] === name);
	assert.deepEqual(twice, []);
});

test('no file imports itself on a way round', () => {
	const done = new Set<string>();
	const walk = (file: string, way: readonly string[]): void => {
		assert.ok(!way.includes(file), `a cycle: ${[...way, file].join(' → ')}`);
		if (done.has(file)) return;
		for (const { to } of imports.get(file) ?? []) walk(to, [...way, file]);
		done.add(file);
	};
	for (const file of imports.keys()) walk(file, []);
});

test('nine files in ten have at most 150 lines and none has more than 250', () => {
	const lengths = [...texts.values()].map((text) => text.split('\n').length - 1).sort((a, b) => a - b);
	assert.ok((lengths.at(-1) ?? 0) <= 250, `the longest has ${lengths.at(-1)}`);
	assert.ok((lengths[Math.floor(lengths.length * 0.9)] ?? 0) <= 150);
});

test('nine functions in ten have at most 18 lines and none has more than 40', () => {
	const lengths = [...texts].flatMap(([file, text]) => functionLengths(file, text));
	for (const { name, lines } of lengths) assert.ok(lines <= 40, `${name} has ${lines} lines`);
	const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
	assert.ok((sorted[Math.floor(sorted.length * 0.9)] ?? 0) <= 18, `one in ten is longer than 18 lines`);
});

test('no file has any, a forced type, a thing to do, or a variable of its own', () => {
	const bans = [
		[/:\s*any\b(?! )|\bas any\b|<any>/, 'any'],
		[/\bTODO\b|\bFIXME\b/, 'something left to do'],
		[/^(export )?(let|var) /m, 'a variable at the level of the module'],
	] as const;
	for (const [file, text] of texts)
		for (const [ban, what] of bans) assert.doesNotMatch(text, ban, `${file} holds ${what}`);
});

test('no timer is set for what is left until a moment, which may have passed on a busy machine', () => {
	const left = /\b(?:sleep|set(?:Timeout|Interval)|timeout)\((?!delayMs)[^;\n]*- (?:performance|Date)\.now\(\)/;
	const root = join(src, '..');
	for (const folder of ['src', 'test'])
		for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }))
			if (file.endsWith('.ts')) assert.doesNotMatch(readFileSync(join(root, folder, file), 'utf8'), left, file);
});

test('importing every file but the executable does nothing', () => {
	const modules = files.filter((file) => file !== 'main.ts' && !file.endsWith('.tsx')).map((file) => join(src, file));
	// Libraries look whether the standard streams are terminals; the pipes behind those are not waited for.
	const program = `
		for (const file of ${JSON.stringify(modules)}) await import(file);
		process.stdout.write(process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap').join());`;
	const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
	assert.equal(printed, '');
});

interface Import {
	/** Ours as `./folder/file.ts` seen from src, packages by their names. */
	readonly target: string;
	/** It is gone when the program runs. */
	readonly isType: boolean;
}

function importsOf(file: string, text: string): Import[] {
	const all = [...text.matchAll(/(?:^(?:import|export) (type )?[^;']*?\bfrom |\bimport\(|^import )'([^']+)'/gm)];
	return all
		.filter(([, , name = '']) => !name.endsWith('.json'))
		.map(([, type, name = '']) => ({
			target: name.startsWith('.') ? `./${normalize(join(dirname(file), name))}` : name,
			isType: type !== undefined,
		}));
}

function ownImport({ target, isType }: Import) {
	return target.startsWith('./') ? [{ to: target.slice(2), isType }] : [];
}

/** Named functions and methods, by the indentation that the formatter gives them; arrows of one expression are short. */
function functionLengths(file: string, text: string): { readonly name: string; readonly lines: number }[] {
	const lines = text.split('\n');
	return lines.flatMap((line, at) => {
		const [, indent, name] = /^(\t*)(?:export )?(?:async )?function\*? (\w+)/.exec(line) ?? [];
		if (indent === undefined || name === undefined) return [];
		const end = lines.findIndex((other, below) => below > at && other === `${indent}}`);
		const inner = lines.slice(at + 1, end).filter((other) => other.trim() !== '');
		return [{ name: `${file}: ${name}`, lines: inner.length }];
	});
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const src = join(import.meta.dirname, '../src/');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

const roots = 'agent|beside|capture-once|clean|ecr-login|init|inspections|proxy|revert|route-manager|sessions|survey';

/** What may not be imported from where, and why. Folders of ours are written `./folder/`, packages by their names. */
const forbidden: readonly { readonly from: RegExp; readonly to: RegExp; readonly because: string }[] = [
	{
		from: /^(ruleset|routing)\//,
		to: /^(?!\.\/(ruleset|routing|units|cidr|failure|ports))/,
		because: 'rules are data; they cannot touch the host',
	},
	{
		from: /^telemetry\//,
		to: /^(?!\.\/(telemetry|ruleset|control\/protocol|units))/,
		because: 'what is told is a function of what was seen',
	},
	{
		from: /^envoy\/(bootstrap|launch|life|overlay|variables)\./,
		to: /^(?!\.\/(units|ports|envoy|quoted))/,
		because: "Envoy's configuration and life are functions",
	},
	{
		from: /^steady\//,
		to: /^(?!\.\/(steady|ruleset|routing|ports|units|failure))/,
		because: 'it acts on the ports that it is handed',
	},
	{
		from: /^cli\//,
		to: /^\.\/(?!cli\/|control\/|failure|quoted)/,
		because: 'the command line speaks to the daemon, never to the host',
	},
	{
		from: /^host\//,
		to: /^\.\/(?!host\/|envoy\/image\.|ports|units|failure|exclusive|shared|folders|quoted|cidr)/,
		because: 'adapters implement ports and know no feature',
	},
	{
		from: new RegExp(`^(?!host/|(${roots})\\.ts$)`),
		to: /^\.\/host\//,
		because: 'only the composition roots hand out the world',
	},
	{ from: /^(?!host\/)/, to: /^(execa|netlink|dockerode|@aws-sdk)/, because: 'only host/ holds the outside world' },
	{
		from: /^(ruleset|routing|steady|envoy|control|telemetry|host|cli)\//,
		to: /^\.\/config\//,
		because: 'each part declares the input that it needs',
	},
];

for (const [file, text] of texts) {
	test(`${file} imports only what its place allows`, () => {
		for (const target of importsOf(file, text))
			for (const { from, to, because } of forbidden)
				assert.ok(!(from.test(file) && to.test(target)), `${file} imports ${target}: ${because}`);
	});
}

test('no file imports itself on a way round', () => {
	const graph = new Map([...texts].map(([file, text]) => [file, importsOf(file, text).flatMap(ownFile)]));
	const walk = (file: string, way: readonly string[]): void => {
		assert.ok(!way.includes(file), `a cycle: ${[...way, file].join(' → ')}`);
		for (const next of graph.get(file) ?? []) walk(next, [...way, file]);
	};
	for (const file of graph.keys()) walk(file, []);
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
	const modules = files.filter((file) => file !== 'main.ts').map((file) => join(src, file));
	// Libraries look whether the standard streams are terminals; the pipes behind those are not waited for.
	const program = `
		for (const file of ${JSON.stringify(modules)}) await import(file);
		process.stdout.write(process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap').join());`;
	const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
	assert.equal(printed, '');
});

/** Ours as `./folder/file.ts` seen from src, packages by their names; what is only a type counts too. */
function importsOf(file: string, text: string): string[] {
	const specifiers = [...text.matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)].map(([, name = '']) => name);
	return specifiers
		.filter((name) => !name.endsWith('.json'))
		.map((name) => (name.startsWith('.') ? `./${normalize(join(dirname(file), name))}` : name));
}

const ownFile = (target: string): string[] => (target.startsWith('./') ? [target.slice(2)] : []);

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

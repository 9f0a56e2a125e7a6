// What the documentation says is held against what turnout is.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderParts } from '../scripts/docs/parts.ts';
import { findEntry } from '../src/commands/find.ts';
import { allSettings, flagOf, strangeVariables } from '../src/config/names.ts';
import { passThroughNames } from '../src/config/pass-through.ts';
import { parseSettingsFile } from '../src/config/yaml.ts';
import { blocksOf, codeOf, linksOf, type Page, readPages, root } from './support/pages.ts';

const pages = readPages();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('what scripts/tables makes is as the code is', async () => {
	for (const { path, text } of await renderParts()) assert.equal(read(path), text, `${path}: run scripts/tables`);
});

test('the sample settings, with every line taken into use, are the defaults', () => {
	const sample = read('systemd/turnout.yaml');
	assert.deepEqual([...parseSettingsFile(sample, 'sample').values], []);
	const { values, mistakes } = parseSettingsFile(sample.replaceAll(/^( *)#(?=\w)/gm, '$1'), 'sample');
	assert.deepEqual(mistakes, []);
	for (const [key, { default: standard, parse }] of allSettings)
		assert.deepEqual(parse(values.get(key)?.text ?? 'missing'), parse(standard), key);
});

test('the JSON schema knows every setting, and takes its default for what may be written', () => {
	for (const [key, { default: standard }] of allSettings) {
		const property = propertyOf(key);
		const { enum: choices } = property;
		assert.ok(choices === undefined || choices.includes(standard), `${key}: ${standard} is none of ${choices}`);
	}
});

test('settings shown in the documentation are settings', () => {
	const blocks = pages.flatMap(blocksOf).filter(({ text }) => text.startsWith('# /etc/turnout/turnout.yaml\n'));
	assert.ok(blocks.length >= 4);
	for (const { text } of blocks) assert.deepEqual(parseSettingsFile(text, text).mistakes, []);
});

for (const page of pages) {
	test(`${page.path} names commands and options that there are`, async () => {
		for (const code of codeOf(page)) await assertCommand(code);
	});

	test(`${page.path} names variables that there are`, () => {
		const named = [...page.text.matchAll(/\b(TURNOUT|APPMESH)_[A-Z0-9_]+\b/g)].map(([name]) => name);
		const own = named.filter(
			(name) =>
				!/^APPMESH_(INGRESS|EGRESS|BRIDGE|ONLY_IP|ONLY_PORT|TRACKING|PREROUTING|OUTPUT|ANSWER|INVALID|LOST|A|LOCAL)$/.test(
					name,
				),
		);
		const known = new Set([...[...allSettings.values()].map(({ variable }) => variable), ...passThroughNames]);
		const strange = own.filter((name) => !known.has(name) && name !== NEVER_A_SETTING);
		assert.deepEqual(strange, []);
	});

	test(`${page.path} links to what is there`, () => {
		for (const target of linksOf(page)) assert.ok(existsSync(join(root, target)), `${page.path} links to ${target}`);
	});

	test(`${page.path} is short enough to be read`, () => {
		// Without generated tables: they have a row for each command and setting.
		const lines = page.text.replace(/<!-- .*: made by .* -->\n[\s\S]*?<!-- end of .* -->/g, '').split('\n');
		assert.ok(lines.length <= (page.path === 'README.md' ? 140 : 120), `${page.path} has ${lines.length} lines`);
	});
}

test('every page is linked from the README', () => {
	const [readme, ...others] = pages as [Page, ...Page[]];
	const linked = linksOf(readme);
	for (const { path } of others) assert.ok(linked.includes(path), `README.md does not link to ${path}`);
});

test('a variable that the documentation says is refused is refused', () => {
	assert.deepEqual(
		strangeVariables([NEVER_A_SETTING]).map(({ name }) => name),
		[NEVER_A_SETTING],
	);
});

test('systemd waits longer than Envoy may drain at a stop, and than its image may be pulled at a start or reload', () => {
	const unit = read('systemd/turnout.service');
	const seconds = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(unit)?.[1]);
	const most = (key: string) => Number(/ to (\d+)$/.exec(allSettings.get(key)?.allowed ?? '')?.[1]);
	assert.ok(seconds('TimeoutStopSec') > most('envoy.drainSeconds') + 100);
	assert.ok(seconds('TimeoutStartSec') > most('envoy.startSeconds'));
});

/** Kubernetes would make it of a service named `turnout`: docs/pods-and-tasks.md. */
const NEVER_A_SETTING = 'TURNOUT_PORT';

interface Property {
	readonly enum?: readonly unknown[];
	readonly properties?: Readonly<Record<string, Property>>;
}

function propertyOf(key: string): Property {
	const schema = JSON.parse(read('docs/settings.schema.json')) as Property;
	const found = key.split('.').reduce<Property | undefined>((within, name) => within?.properties?.[name], schema);
	assert.ok(found, `the schema does not know ${key}`);
	return found;
}

/** `turnout word --option`, wherever it stands in a line of code: both must be known to the help. */
async function assertCommand(code: string): Promise<void> {
	for (const [, name = '', rest = ''] of code.matchAll(/(?:^|[\s/;(])turnout +([a-z][\w-]*)([^|;#)]*)/g)) {
		if (name === 'COMMAND') continue;
		const { options } = await findEntry(name);
		for (const [, option = ''] of rest.matchAll(/ --([a-z][\w-]*)/g))
			assert.ok(Object.hasOwn(options, option), `turnout ${name} knows no --${option}: ${code}`);
		for (const [, letter] of rest.matchAll(/ -([a-z])\b/g))
			assert.ok(
				Object.values(options).some(({ short }) => short === letter),
				`turnout ${name} knows no -${letter}: ${code}`,
			);
	}
}

test('the README shows how a setting becomes a flag', () => {
	const [, key = '', flag = ''] = /The flag of `([\w.]+)` is `--([\w-]+)`/.exec(read('README.md')) ?? [];
	assert.equal(flagOf(key), flag);
});

test('every file that CONTRIBUTING.md sends its reader to exists', () => {
	const paths = [...read('CONTRIBUTING.md').matchAll(/`((?:[\w.-]+\/)+[\w-]+\.(?:ts|md))`/g)].map(
		([, path = '']) => path,
	);
	assert.ok(paths.length > 40, `${paths.length} found`);
	const missing = paths.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, 'src', path)));
	assert.deepEqual(missing, []);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettingsFile, whyNoFile } from '../../../src/config/file.ts';
import { parseSettingsFile } from '../../../src/config/yaml.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { isPrintable } from '../../support/printable.ts';
import { readLayers } from '../../support/setting-samples.ts';

const textsIn = (yaml: string): Record<string, string> => {
	const { values, mistakes } = parseSettingsFile(yaml, 'f');
	assert.deepEqual(mistakes, [], yaml);
	return Object.fromEntries([...values].map(([key, { text }]) => [key, text]));
};
const mistakesOf = (yaml: string): readonly string[] => parseSettingsFile(yaml, 'f').mistakes;

test('text, numbers, lists and booleans of a file mean the same as in a variable', () => {
	assert.deepEqual(textsIn('appPorts: 8080'), { appPorts: '8080' });
	assert.deepEqual(textsIn('appPorts: "8080,9000-9100"'), { appPorts: '8080,9000-9100' });
	assert.deepEqual(textsIn('appPorts: 8080, 9090'), { appPorts: '8080, 9090' });
	assert.deepEqual(textsIn('appPorts: [8080, 9000-9100]'), { appPorts: '8080,9000-9100' });
	assert.deepEqual(textsIn('appPorts:\n  - 8080\n  - "9090"\n'), { appPorts: '8080,9090' });
	assert.deepEqual(textsIn('appPorts: "*"'), { appPorts: '*' });
	assert.deepEqual(textsIn('startEnabled: true\nguard: false'), { startEnabled: '1', guard: '0' });
	assert.deepEqual(textsIn('ignoreUids: [1337, envoy, 2000-2999]'), { ignoreUids: '1337,envoy,2000-2999' });
	assert.deepEqual(textsIn('egressIgnoredIps: [10.0.0.0/8, "fd00::/8"]'), { egressIgnoredIps: '10.0.0.0/8,fd00::/8' });
	assert.equal(readLayers({ file: 'mark: 0x1e7700ce' }).config.mark, 0x1e7700ce);
});

test('a key without a value and an empty list count as set but empty', () => {
	for (const yaml of ['appPorts:', 'appPorts: ~', 'appPorts: null', 'appPorts: ""', 'appPorts: []'])
		assert.deepEqual(textsIn(yaml), { appPorts: '' }, yaml);
});

test("Envoy's settings are nested under envoy, or written with a dot", () => {
	assert.deepEqual(textsIn('envoy:\n  adminPort: 9902\n  logLevel: debug'), {
		'envoy.adminPort': '9902',
		'envoy.logLevel': 'debug',
	});
	assert.deepEqual(textsIn('envoy.adminPort: 9902'), { 'envoy.adminPort': '9902' });
});

test('an empty file, comments only or an empty section set nothing', () => {
	for (const yaml of ['', '\n', '# nothing\n', '---\n', '{}', 'envoy:\n', 'envoy: {}\n', 'envoy:\n  # adminPort: 1\n'])
		assert.deepEqual(textsIn(yaml), {}, yaml);
});

test('every value has its line number', () => {
	const yaml =
		'# top\n\nappPorts:\n  - 8080\n\nenvoy:\n  # inside\n  adminPort: 9902\negressPort: 15002\nenvoy.image: x\n';
	const { values } = parseSettingsFile(yaml, '/etc/t.yaml');
	assert.deepEqual(
		[...values].map(([key, { where }]) => [key, where]),
		[
			['appPorts', '/etc/t.yaml:3'],
			['envoy.adminPort', '/etc/t.yaml:8'],
			['egressPort', '/etc/t.yaml:9'],
			['envoy.image', '/etc/t.yaml:10'],
		],
	);
});

test('line numbers are right with Windows line ends and with a byte order mark', () => {
	assert.deepEqual(mistakesOf('appPorts: 8080\r\nnope: 1\r\n')[0]?.slice(0, 4), 'f:2:');
	assert.deepEqual(textsIn('\ufeffappPorts: 8080'), { appPorts: '8080' });
});

test('aliases are replaced by the value of their anchor', () => {
	assert.deepEqual(textsIn('ingressIgnoredPorts: &ports [25, 26]\negressIgnoredPorts: *ports'), {
		ingressIgnoredPorts: '25,26',
		egressIgnoredPorts: '25,26',
	});
});

const unknownKeys: readonly (readonly [yaml: string, line: number, said: string])[] = [
	['appPort: 1', 1, 'unknown setting "appPort"; did you mean "appPorts"?'],
	['appPorts: 1\n\nenvoy:\n  adminport: 1', 4, 'unknown setting "envoy.adminport"; did you mean "envoy.adminPort"?'],
	['envoy:\n  admin:\n    port: 1', 2, 'unknown setting "envoy.admin"; did you mean "envoy.name"?'],
	['toString: 1', 1, 'unknown setting "toString"'],
	['__proto__: {x: 1}', 1, 'unknown setting "__proto__"'],
	['constructor: 1', 1, 'unknown setting "constructor"'],
];

test('an unknown key is reported with its line and the nearest known key', () => {
	for (const [yaml, line, said] of unknownKeys) {
		const mistakes = mistakesOf(yaml);
		assert.equal(mistakes.length, 1, yaml);
		assert.ok(mistakes[0]?.startsWith(`f:${line}: ${said}`), mistakes[0]);
	}
});

test('a value in place of a section is an error that names the section', () => {
	for (const value of ['5', '[1]', 'text'])
		assert.deepEqual(mistakesOf(`# c\nenvoy: ${value}`), ['f:2: envoy: is a section and takes no value']);
});

const noYaml: readonly (readonly [yaml: string, line: number])[] = [
	['appPorts: [8080\negressPort: 5\n', 2],
	['a: b: c', 1],
	['appPorts: 8080\n\tegressPort: 5', 2],
	['appPorts: 1\nappPorts: 2', 2],
	['appPorts: "8080', 1],
	['appPorts: 1\n---\negressPort: 5', 2],
	['appPorts: 1\negressPort: *nowhere', 2],
	['{', 1],
];

test('invalid YAML is reported with its line, and nothing of the file is used', () => {
	for (const [yaml, line] of noYaml) {
		const { values, mistakes } = parseSettingsFile(yaml, 'f');
		assert.match(mistakes[0] ?? '', new RegExp(`^f:${line}: invalid YAML: .`), yaml);
		assert.equal(values.size, 0);
	}
});

test('a duplicate key is an error, however it is spelt', () => {
	assert.ok(mistakesOf('appPorts: 1\nappPorts: 2').length > 0);
	assert.ok(mistakesOf('envoy.adminPort: 1\nenvoy:\n  adminPort: 2').length > 0);
});

test('rejects YAML without settings, with an example', () => {
	for (const yaml of ['just text', '8080', '- appPorts\n- 8080', 'true', '[]'])
		assert.deepEqual(mistakesOf(yaml), ['f: contains no settings; allowed: lines such as "appPorts: 8080"'], yaml);
});

test('a value that is not text, number, boolean or list is rejected with its line', () => {
	for (const value of ['{a: 1}', '[{a: 1}]', '!!binary AAAA'])
		assert.match(mistakesOf(`# c\nappPorts: ${value}`).join('\n'), /^f:2: .*appPorts/, value);
	for (const value of ['.nan', '.inf', '1.5', '2026-01-01'])
		assert.throws(() => readLayers({ file: `appPorts: ${value}` }), /appPorts \(turnout.yaml:1\): ".+" is no/, value);
});

test('an alias bomb is rejected without being expanded', () => {
	const level = (at: number) => `l${at}: &l${at} [${Array(10).fill(at === 0 ? 'x' : `*l${at - 1}`)}]`;
	const yaml = Array.from({ length: 12 }, (_, at) => level(at)).join('\n');
	assert.ok(mistakesOf(yaml).length > 0);
	assert.ok(mistakesOf(yaml).join('').length < 10_000);
});

test('unknown keys are quoted without control characters, each on one line', () => {
	for (const key of ['"\\e[31mred"', '"two\\nlines"', '"\\0"', '"\\x9b31m"', '"\\r"'])
		for (const mistake of mistakesOf(`${key}: 1`)) assert.ok(isPrintable(mistake), JSON.stringify(mistake));
});

test('bytes that are not text do no harm', () => {
	for (const text of ['\u0000\u0001\u0002', '\ufffd\ufffd: 1', `${'\u0000'.repeat(1000)}: [`, '%'.repeat(1000)])
		assert.ok(mistakesOf(text).length > 0);
});

const unreadable: readonly (readonly [path: string, why: RegExp])[] = [
	['missing.yaml', /^Cannot read the settings file .*missing\.yaml.*: no such file or directory$/],
	['folder', /^Cannot read the settings file .*folder.*: it is a directory$/],
	['file.yaml/below', /^Cannot read the settings file .*below.*: /],
	['', /^Cannot read the settings file .*: /],
];

test('a given file that cannot be read is an error with the reason', async () => {
	using scratch = createScratch('settings');
	mkdirSync(join(scratch.path, 'folder'));
	writeFileSync(join(scratch.path, 'file.yaml'), '');
	for (const [name, message] of unreadable) {
		const path = name === '' ? '' : join(scratch.path, name);
		await assert.rejects(async () => readSettingsFile(path), { name: 'Failure', code: 'config', message });
	}
	assert.deepEqual((await readSettingsFile(join(scratch.path, 'file.yaml'))).mistakes, []);
});

test('whyNoFile returns the reason why a file cannot be read, and does not block on a FIFO', () => {
	using scratch = createScratch('named');
	const inside = (name: string) => join(scratch.path, name);
	writeFileSync(inside('file'), '');
	execFileSync('mkfifo', [inside('pipe')]);
	assert.equal(whyNoFile(inside('file')), undefined);
	assert.equal(whyNoFile(inside('missing')), 'no such file or directory');
	assert.equal(whyNoFile(inside('file/below')), 'a part of the path is not a directory');
	assert.equal(whyNoFile(scratch.path), 'it is not a regular file');
	assert.equal(whyNoFile(inside('pipe')), 'it is not a regular file');
});

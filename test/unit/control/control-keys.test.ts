import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Given } from '../../../src/cli/arguments.ts';
import { control } from '../../../src/commands/control.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { printedBy } from '../../support/command-terminal.ts';

const policies = {
	Reader: { Statement: { Effect: 'Allow', Action: ['appmesh:Describe*', 'appmesh:List*'], Resource: '*' } },
};

function createFile() {
	const scratch = createScratch('control-keys');
	const keys = join(scratch.path, 'keys.json');
	writeFileSync(keys, JSON.stringify({ keys: [], policies }, null, 2), { mode: 0o600 });
	const run = (words: string, given = {}) => printedBy(control, words.split(' '), { keys, ...given });
	return { keys, run, [Symbol.dispose]: () => scratch[Symbol.dispose]() };
}

test('a key is made, shown once as aws takes it, listed, asked about and removed', async () => {
	using file = createFile();
	const { printed } = await file.run('keys add alice', { policies: 'Reader' });
	const [, id, secret] = /^export AWS_ACCESS_KEY_ID=(\w+) AWS_SECRET_ACCESS_KEY=([\w-]+)\n$/.exec(printed) ?? [];
	assert.ok(id !== undefined && secret !== undefined, printed);
	assert.equal(statSync(file.keys).mode & 0o777, 0o600);
	assert.deepEqual(await file.run('keys'), { code: 0, printed: `${id}  alice  Reader\n` });
	assert.deepEqual(JSON.parse((await file.run('keys', { json: true })).printed), [
		{ accessKeyId: id, user: 'alice', policies: ['Reader'] },
	]);
	assert.equal(
		(await file.run('policy simulate', { action: 'appmesh:*Mesh', user: 'alice' })).printed,
		[
			`alice (${id}) may not appmesh:CreateMesh on *: no statement allows it`,
			`alice (${id}) may appmesh:DescribeMesh on *: statement 1 of policy Reader allows it`,
			`alice (${id}) may not appmesh:UpdateMesh on *: no statement allows it`,
			`alice (${id}) may not appmesh:DeleteMesh on *: no statement allows it`,
			'',
		].join('\n'),
	);
	assert.equal((await file.run('policy simulate', { json: true })).printed.split('"action"').length, 40);
	await file.run(`keys remove ${id}`);
	assert.equal((await file.run('keys')).printed, '');
	assert.ok(!readFileSync(file.keys, 'utf8').includes(secret));
});

test('the first key makes the file', async () => {
	using file = createFile();
	const keys = `${file.keys}.new-one`;
	await file.run('keys add bob', { keys });
	assert.match((await file.run('keys', { keys })).printed, /^TURN\w{16} {2}bob {2}no policy\n$/);
	assert.equal(statSync(keys).mode & 0o777, 0o600);
});

const wrong: Readonly<Record<string, readonly [words: string, given: Given, told: RegExp]>> = {
	'no file is named': ['keys', { keys: undefined }, /name the file of access keys: --keys FILE/],
	'a verb is unknown': ['keys show', {}, /control keys takes add or remove, not "show"/],
	'no user is named': ['keys add', {}, /control keys add takes a user/],
	'no id is named': ['keys remove', {}, /control keys remove takes the id of a key/],
	'a policy is unknown': ['keys add alice', { policies: 'reader' }, /there is no such policy; known: Reader/],
	'there is no such key': ['keys remove X', {}, /Cannot remove the key "X"/],
	'nothing is asked of policies': ['policy', {}, /control policy takes simulate/],
	'nobody is called so': ['policy simulate', { user: 'carol' }, /no key is of the user "carol"/],
	'an action is unknown': [
		'policy simulate',
		{ action: 'appmesh:DescribeMeshs' },
		/did you mean appmesh:DescribeMesh\?/,
	],
	'it is neither': ['key', {}, /control takes keys, policy, status, history or nothing, not "key"/],
	'it listens to others without keys': [
		'',
		{ keys: undefined, listen: '0.0.0.0:8474' },
		/without --keys anybody who reaches/,
	],
};

for (const [why, [words, given, told]] of Object.entries(wrong))
	test(`told where ${why}`, async () => {
		using file = createFile();
		const before = readFileSync(file.keys, 'utf8');
		const run = words === '' ? () => printedBy(control, [], given) : () => file.run(words, given);
		await assert.rejects(run, told);
		assert.equal(readFileSync(file.keys, 'utf8'), before);
	});

test('a file that others may read is refused', async () => {
	using file = createFile();
	chmodSync(file.keys, 0o640);
	for (const words of ['keys', 'keys add alice', 'keys remove X', 'policy simulate'])
		await assert.rejects(file.run(words), /its mode is 640/);
});

test('the file stays with whom it belongs to, when root changes it', { skip: process.getuid?.() !== 0 }, async () => {
	using file = createFile();
	await file.run('keys add alice');
	const [id = ''] = (await file.run('keys')).printed.split(' ');
	chmodSync(file.keys, 0o400);
	chownSync(file.keys, 65_534, 65_534);
	await file.run(`keys remove ${id}`);
	const { uid, gid, mode } = statSync(file.keys);
	assert.deepEqual([uid, gid, mode & 0o777], [65_534, 65_534, 0o400]);
	assert.ok(!readFileSync(file.keys, 'utf8').includes(id));
});

test('the first key may find an empty file, made for whoever is going to read it', async () => {
	using file = createFile();
	writeFileSync(file.keys, '');
	await file.run('keys add bob');
	assert.match((await file.run('keys')).printed, /bob {2}no policy\n$/);
});

test('a file that cannot be written is told', async () => {
	using file = createFile();
	await assert.rejects(file.run('keys add bob', { keys: `${file.keys}/none` }), {
		message: `Cannot write ${file.keys}/none: a part of the path is not a directory`,
	});
});

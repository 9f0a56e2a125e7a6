import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { addKey, keysText, removeKey } from '../../../../src/control/access/edit-access-file.ts';
import { parseAccessFile } from '../../../../src/control/access/parse-access-file.ts';
import { Failure } from '../../../../src/failure.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

const alice = { accessKeyId: 'TURNALICE00000000000', secretAccessKey: SECRET, user: 'alice', policies: ['Admin'] };
const policies = {
	Admin: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'appmesh:*', Resource: '*' } },
};
const text = JSON.stringify({ keys: [alice], policies }, null, 2);

function messageOf(act: () => unknown): string {
	try {
		act();
	} catch (error) {
		assert.ok(error instanceof Failure);
		return `${error.message}\n${error.remedy}\n${inspect(error, { depth: 9 })}`;
	}
	assert.fail('nothing is refused');
}

test('keys are read with their users and policies', () => {
	const keys = parseAccessFile(text, 'keys.json');
	const key = keys.get(alice.accessKeyId);
	assert.equal(keys.size, 1);
	assert.equal(key?.user, 'alice');
	assert.equal(key.secret(), SECRET);
	assert.deepEqual(
		key.policies.map(({ name }) => name),
		['Admin'],
	);
});

test('a file without keys is one', () => {
	assert.equal(parseAccessFile('{}', 'keys.json').size, 0);
	assert.equal(parseAccessFile('{"keys": []}', 'keys.json').size, 0);
});

test('whatever prints keys does not print a secret', () => {
	const keys = parseAccessFile(text, 'keys.json');
	const printed = [inspect(keys, { depth: 9 }), JSON.stringify([...keys]), keysText(keys), String([...keys.values()])];
	for (const each of printed) assert.ok(!each.includes(SECRET.slice(0, 8)), each);
	assert.equal(keysText(keys), 'TURNALICE00000000000  alice  Admin\n');
});

const withKey = (more: object): string => JSON.stringify({ keys: [{ ...alice, ...more }], policies }, null, 2);

/** With the secret where something else belongs, as when two lines were mixed up. */
const refused: Readonly<Record<string, readonly [text: string, told: RegExp]>> = {
	'it is empty': ['', /keys\.json:1: it is no JSON/],
	'the secret stands without quotes': [text.replace(`"${SECRET}"`, SECRET), /keys\.json:5: it is no JSON/],
	'a quote is missing': [text.replace(`${SECRET}"`, SECRET), /keys\.json:\d: it is no JSON/],
	'a key of an object stands twice': [text.replace('"user"', `"secretAccessKey": "${SECRET}", "user"`), /stands twice/],
	'it is a list': ['[]', /keys\.json:1: the file is an object/],
	'it has another part': [JSON.stringify({ keys: [], users: [] }), /users: unknown field; known: keys, policies/],
	'the keys are an object': [JSON.stringify({ keys: { [SECRET]: 1 } }), /keys: the keys are a list/],
	'a key is a text': [JSON.stringify({ keys: [SECRET] }), /keys\[0\]\.secretAccessKey: secretAccessKey is missing/],
	'a key has another field': [
		withKey({ [SECRET]: SECRET }),
		/keys\[0\]: it has an unknown field; known: accessKeyId, secretAccessKey, user, policies/,
	],
	'the id is the secret': [
		withKey({ accessKeyId: SECRET }),
		/keys\[0\]\.accessKeyId: it is no accessKeyId; from 16 to 128/,
	],
	'the id is too short': [withKey({ accessKeyId: 'AKID' }), /keys\[0\]\.accessKeyId: it is no accessKeyId/],
	'the secret is short': [
		withKey({ secretAccessKey: SECRET.slice(0, 31) }),
		/keys\[0\]\.secretAccessKey: it is no secretAccessKey; from 32/,
	],
	'the secret has a space': [
		withKey({ secretAccessKey: ` ${SECRET}` }),
		/keys\[0\]\.secretAccessKey: it is no secretAccessKey/,
	],
	'the secret is missing': [
		withKey({ secretAccessKey: undefined }),
		/keys\[0\]\.secretAccessKey: secretAccessKey is missing/,
	],
	'the user is the secret': [withKey({ user: SECRET }), /keys\[0\]\.user: it is no user/],
	'there is no list of policies': [
		withKey({ policies: SECRET }),
		/keys\[0\]\.policies: the policies of a key are a list of their names; known: Admin/,
	],
	'a policy is unknown': [
		withKey({ policies: ['Admin', SECRET] }),
		/keys\[0\]\.policies\[1\]: there is no such policy; known: Admin/,
	],
	'two keys have one id': [
		JSON.stringify({ keys: [alice, alice], policies }),
		/keys\[1\]\.accessKeyId: another key has this id/,
	],
	'the policies are a list': [JSON.stringify({ keys: [], policies: [] }), /policies: the policies are an object/],
	'the name of a policy is none': [
		JSON.stringify({ policies: { 'a b': policies.Admin } }),
		/policies\.a b: it is no name of a policy/,
	],
	'a policy is refused': [
		JSON.stringify({ keys: [alice], policies: { Admin: { Statement: { ...policies.Admin.Statement, Action: 'x' } } } }),
		/policies\.Admin\.Statement\.Action: "x" is not SERVICE:ACTION/,
	],
};

for (const [why, [broken, told]] of Object.entries(refused))
	test(`access keys are refused where ${why}, and nothing of a secret is told`, () => {
		const message = messageOf(() => parseAccessFile(broken, 'keys.json'));
		assert.match(message, told);
		assert.ok(!message.includes(SECRET.slice(0, 6)) && !message.includes(SECRET.slice(-6)), message);
	});

test('all mistakes are told at once, each with its line', () => {
	const message = messageOf(() => parseAccessFile(withKey({ user: 'a b', policies: ['X'] }), 'keys.json'));
	assert.match(message, /keys\.json:6: keys\[0\]\.user/);
	assert.match(message, /keys\.json:8: keys\[0\]\.policies\[0\]/);
});

test('a new key is added to a file that is not there yet', () => {
	const made = addKey(undefined, 'keys.json', { user: 'bob', policies: [] });
	const key = parseAccessFile(made.text, 'keys.json').get(made.key.accessKeyId);
	assert.equal(key?.user, 'bob');
	assert.equal(key.secret(), made.key.secretAccessKey);
	assert.match(made.key.accessKeyId, /^TURN[0-9A-Z]{16}$/);
	assert.match(made.key.secretAccessKey, /^[\w-]{40}$/);
});

test('a new key leaves the rest of the file as it is written, and no two keys are the same', () => {
	const first = addKey(text, 'keys.json', { user: 'bob', policies: ['Admin'] });
	const second = addKey(first.text, 'keys.json', { user: 'bob', policies: ['Admin'] });
	assert.deepEqual(
		[...parseAccessFile(second.text, 'keys.json').values()].map(({ user }) => user),
		['alice', 'bob', 'bob'],
	);
	assert.notEqual(first.key.secretAccessKey, second.key.secretAccessKey);
	assert.ok(second.text.endsWith(text.slice(text.indexOf('"policies": {'))));
	assert.equal(removeKey(removeKey(second.text, 'k', first.key.accessKeyId), 'k', second.key.accessKeyId), text);
});

test('a key for an unknown policy is refused, and the file stays as it is', () => {
	assert.match(
		messageOf(() => addKey(text, 'keys.json', { user: 'bob', policies: ['admin'] })),
		/keys\[1\]\.policies\[0\]: there is no such policy; known: Admin/,
	);
});

test('a key that is not there cannot be removed', () => {
	assert.match(
		messageOf(() => removeKey(text, 'keys.json', 'X')),
		/Cannot remove the key "X": there is none/,
	);
});

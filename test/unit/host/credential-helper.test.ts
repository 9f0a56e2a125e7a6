import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Failure } from '../../../src/failure.ts';
import { askHelper, parseAnswer } from '../../../src/host/docker/credential-helper.ts';
import type { Finished } from '../../../src/host/process/runner.ts';

const NAME = 'docker-credential-lab';
const SECRET = 'lab-hidden-secret';
const ended = (stdout: string, code = 0): Finished => ({ code, signal: undefined, stdout, stderr: '' });
const parse = (stdout: string, code = 0, registry = 'registry.example') =>
	parseAnswer(ended(stdout, code), NAME, registry);

test('an answer is the login of the registry that was asked for', () => {
	// As docker-credential-pass 0.8 prints it.
	const answer = `{"ServerURL":"registry.example","Username":"lab","Secret":"${SECRET}"}\n`;
	const login = { username: 'lab', password: SECRET, serveraddress: 'registry.example' };
	assert.deepEqual(parse(answer), login);
	assert.deepEqual(parse(answer, 0, 'docker.io'), { ...login, serveraddress: 'https://index.docker.io/v1/' });
});

test('an identity token takes the place of user and password', () => {
	const login = { identitytoken: SECRET, serveraddress: 'registry.example' };
	assert.deepEqual(parse(`{"Username":"<token>","Secret":"${SECRET}"}`), login);
});

test('a helper that has no login says so, or gives an empty one', () => {
	assert.equal(parse('credentials not found in native keychain\n', 1), undefined);
	assert.equal(parse('Credentials not found', 2), undefined);
	assert.equal(parse('{"Username":"","Secret":""}'), undefined);
	assert.deepEqual(parse(`{"Username":"","Secret":"${SECRET}"}`), {
		...{ username: '', password: SECRET, serveraddress: 'registry.example' },
	});
});

const broken: readonly (readonly [answer: string, code: number, why: string])[] = [
	[`error: ${SECRET}`, 1, 'it ended with code 1'],
	[`${SECRET} credentials not found`, 1, 'it ended with code 1'],
	[SECRET, 0, 'its answer has no Username and Secret'],
	['', 0, 'its answer has no Username and Secret'],
	['null', 0, 'its answer has no Username and Secret'],
	['"text"', 0, 'its answer has no Username and Secret'],
	[`{"Username":7,"Secret":"${SECRET}"}`, 0, 'its answer has no Username and Secret'],
	[`{"Username":"${SECRET}"}`, 0, 'its answer has no Username and Secret'],
	[`[{"Username":"lab","Secret":"${SECRET}"}]`, 0, 'its answer has no Username and Secret'],
	['credentials not found', 0, 'its answer has no Username and Secret'],
];

for (const [answer, code, why] of broken)
	test(`a helper that ends with ${code} and prints '${answer}' fails, and what it printed stays secret`, () => {
		assert.throws(
			() => parse(answer, code),
			(error) => {
				assert.ok(error instanceof Failure);
				assert.equal(error.message, `Cannot get the login of registry.example from ${NAME}: ${why}`);
				assert.ok(!inspect(error).includes(SECRET));
				return true;
			},
		);
	});

test('a helper that is not installed is named', async () => {
	const run = () => assert.fail('nothing is to be run');
	await assert.rejects(
		askHelper('nowhere-to-be-found', 'registry.example', { run, timeoutMs: 1_000 }, new AbortController().signal),
		{ message: /from docker-credential-nowhere-to-be-found: it is not installed$/ },
	);
});

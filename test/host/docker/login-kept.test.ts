// How long a login of ECR is kept, by a clock of the test's own; the program that is asked is a script of the test.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Failure } from '../../../src/failure.ts';
import { createLogins } from '../../../src/host/docker/credentials.ts';
import { runWithExeca } from '../../../src/host/process/execa-run.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { assertTold } from '../../support/logins.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-11-23T12:00:00Z');
const image = '123456789012.dkr.ecr.us-west-2.amazonaws.com/envoy';
const signal = new AbortController().signal;

/** `program`: of a shell; each run of it is counted. */
function createAsked(program: string) {
	const scratch = createScratch('kept');
	const script = join(scratch.path, 'program');
	const counted = join(scratch.path, 'count');
	writeFileSync(counted, '');
	writeFileSync(script, `#!/bin/sh\necho "$@" $(cat) >> ${counted}\n${program}\n`, { mode: 0o755 });
	const clock = { ms: START_MS };
	const configPath = join(scratch.path, 'config.json');
	const logins = createLogins(runWithExeca, { program: [script, 'main.ts'], configPath, now: () => clock.ms });
	return {
		clock,
		ask: (isRefused = false) => logins.authFor(image, isRefused, signal),
		runs: (): string[] => readFileSync(counted, 'utf8').split('\n').filter(Boolean),
		[Symbol.dispose]: () => scratch[Symbol.dispose](),
	};
}

const tokenUntil = (endsAt: number): string =>
	`echo '${JSON.stringify({ token: Buffer.from('AWS:lab-password').toString('base64'), endsAt })}'`;

test('a login of twelve hours is kept until half an hour before it ends', async () => {
	using asked = createAsked(tokenUntil(START_MS + 12 * HOUR_MS));
	const host = '123456789012.dkr.ecr.us-west-2.amazonaws.com';
	assert.deepEqual(await asked.ask(), { username: 'AWS', password: 'lab-password', serveraddress: host });
	asked.clock.ms += 11.4 * HOUR_MS;
	await asked.ask();
	assert.deepEqual(asked.runs(), [`main.ts ecr-login --json ${host}`]);
	asked.clock.ms += 0.2 * HOUR_MS;
	await asked.ask();
	assert.equal(asked.runs().length, 2);
});

test('a login that has ended when it comes is kept for an hour all the same', async () => {
	using asked = createAsked(tokenUntil(Date.parse('2015-01-01')));
	await asked.ask();
	asked.clock.ms += 0.9 * HOUR_MS;
	await asked.ask();
	assert.equal(asked.runs().length, 1);
	asked.clock.ms += 0.2 * HOUR_MS;
	await asked.ask();
	assert.equal(asked.runs().length, 2);
});

test('those who ask at the same time get one and the same login', async () => {
	using asked = createAsked(tokenUntil(START_MS + 12 * HOUR_MS));
	const [first, ...others] = await Promise.all([asked.ask(), asked.ask(), asked.ask()]);
	for (const other of others) assert.equal(other, first);
	assert.equal(asked.runs().length, 1);
});

test('a failure is not kept', async () => {
	using asked = createAsked('exit 1');
	for (const round of [1, 2]) {
		await assert.rejects(asked.ask(), Failure);
		assert.equal(asked.runs().length, round);
	}
});

const secret = 'lab-hidden-token';
const broken: readonly (readonly [string, RegExp])[] = [
	[`echo ${secret}; echo ${secret} >&2; exit 1`, /the process that asks ended with code 1\nTry again/],
	[`echo ${secret}`, /the process that asks gave no token/],
	[`echo '{"token":7,"endsAt":"${secret}"}'`, /the process that asks gave no token/],
	['kill -9 $$', /the process that asks ended with code -1/],
];

test('a process that does not bring a login is told, and not what it wrote', async () => {
	for (const [program, says] of broken) {
		using asked = createAsked(program);
		const failure = await asked.ask().then(
			() => assert.fail('a login was given'),
			(error: Failure) => error,
		);
		const { code, message, remedy } = failure;
		const everything = inspect(failure, { depth: Number.POSITIVE_INFINITY });
		assertTold({ code, message, remedy, everything }, says, [secret]);
	}
});

test('a program that is not there any more is told', async () => {
	const logins = createLogins(runWithExeca, {
		program: ['/nowhere/node', 'main.cjs'],
		configPath: '/nowhere/config.json',
	});
	await assert.rejects(logins.authFor(image, false, signal), {
		code: 'registry',
		message: 'Cannot log in to ECR 123456789012 in us-west-2: /nowhere/node does not run',
		remedy: 'Start the daemon again',
	});
});

// Acts on import: createLogins in a process of its own, for a test to run it on a host of the lab. The options are its
// argument; each line of standard input is a question, each line of standard output its answer.
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { failureOf } from '../../src/failure.ts';
import { createLogins, type LoginsOptions } from '../../src/host/docker/credentials.ts';
import { runWithExeca } from '../../src/host/process/execa-run.ts';
import type { LoginAnswer, LoginQuestion } from './logins.ts';

const logins = createLogins(runWithExeca, JSON.parse(process.argv[2] ?? '{}') as LoginsOptions);
for await (const line of createInterface({ input: process.stdin }))
	process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as LoginQuestion))}\n`);

async function answer({ image, isRefused = false, abortMs }: LoginQuestion): Promise<LoginAnswer> {
	try {
		const signal = abortMs === undefined ? new AbortController().signal : AbortSignal.timeout(abortMs);
		return { login: (await logins.authFor(image, isRefused, signal)) ?? null };
	} catch (error) {
		const { code, message, remedy } = failureOf(error);
		return { failure: { code, message, remedy, everything: inspect(error, { depth: Number.POSITIVE_INFINITY }) } };
	}
}

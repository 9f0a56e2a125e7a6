// Whose login goes with a pull, asked on a host of the lab as the daemon would ask.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Credentials } from '../../src/envoy/runtime.ts';
import type { LoginsOptions } from '../../src/host/docker/credentials.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { createScratch } from '../lab/net/scratch.ts';

export interface LoginQuestion {
	readonly image: string;
	readonly isRefused?: boolean;
	readonly abortMs?: number;
}

export interface ToldFailure {
	readonly code: string;
	readonly message: string;
	readonly remedy: string;
	/** As Node shows the error with its stack and causes. */
	readonly everything: string;
}

export type LoginAnswer = { readonly login: Credentials | null } | { readonly failure: ToldFailure };

export interface Asker extends Disposable {
	readonly pid: number;
	readonly ask: (question: LoginQuestion) => Promise<LoginAnswer>;
	readonly login: (image: string, isRefused?: boolean) => Promise<Credentials | null>;
	readonly failure: (image: string, isRefused?: boolean) => Promise<ToldFailure>;
}

export interface AskerOptions {
	readonly env?: Readonly<Record<string, string>>;
	/** Docker's config.json. */
	readonly config?: unknown;
	/** Credential helpers by their name: shell scripts. */
	readonly helpers?: Readonly<Record<string, string>>;
	readonly logins?: LoginsOptions;
}

const dist = join(import.meta.dirname, '../../dist');

/** Nothing of the machine's own: no home, no credentials, only the helpers that are given. */
export function createAsker(
	host: Pick<Namespace, 'spawn'>,
	{ env = {}, config, helpers = {}, logins = {} }: AskerOptions = {},
): Asker {
	using stack = new DisposableStack();
	const { path } = stack.use(createScratch('logins'));
	mkdirSync(join(path, 'docker'));
	const text = typeof config === 'string' ? config : JSON.stringify(config ?? {});
	if (config !== undefined) writeFileSync(join(path, 'docker/config.json'), text, { mode: 0o600 });
	for (const [name, script] of Object.entries(helpers))
		writeFileSync(join(path, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
	const NODE_COMPILE_CACHE = join(dist, '../.cache/compiled');
	const own = { HOME: path, DOCKER_CONFIG: join(path, 'docker'), PATH: `${path}:/usr/bin:/bin`, NODE_COMPILE_CACHE };
	const options: LoginsOptions = {
		program: ['lib/node', 'lib/turnout.cjs'].map((part) => join(dist, part)),
		...logins,
	};
	const args = [join(import.meta.dirname, 'logins-worker.ts'), JSON.stringify(options)];
	const child = host.spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...own, ...env } });
	stack.defer(() => void child.kill('SIGKILL'));
	if (child.stdin === null || child.stdout === null) throw new Error('unreachable: they are pipes');
	const input = child.stdin;
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const ask = async (question: LoginQuestion): Promise<LoginAnswer> => {
		input.write(`${JSON.stringify(question)}\n`);
		const { value, done } = await lines.next();
		assert.ok(done !== true, 'the asker has ended');
		return JSON.parse(value) as LoginAnswer;
	};
	const kept = stack.move();
	return {
		pid: child.pid ?? 0,
		ask,
		async login(image, isRefused = false) {
			const answer = await ask({ image, isRefused });
			if ('failure' in answer) assert.fail(answer.failure.everything);
			return answer.login;
		},
		async failure(image, isRefused = false) {
			const answer = await ask({ image, isRefused });
			if ('login' in answer) assert.fail('a login was given');
			return answer.failure;
		},
		[Symbol.dispose]: () => kept.dispose(),
	};
}

/** A Failure as it should be, and none of the secrets in any part of it, plain or encoded. */
export function assertTold(failure: ToldFailure, says: RegExp, secrets: readonly string[] = []): void {
	assert.equal(failure.code, 'registry', failure.everything);
	assert.match(failure.message, /^Cannot .+: ./);
	assert.match(`${failure.message}\n${failure.remedy}`, says);
	assert.match(failure.remedy, /^[A-Z]\S* ./);
	assertNoSecret(failure.everything + failure.message + failure.remedy, secrets);
}

export function assertNoSecret(text: string, secrets: readonly string[]): void {
	for (const secret of secrets)
		for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')])
			assert.equal(text.includes(form), false, `a secret is told: ${text}`);
}

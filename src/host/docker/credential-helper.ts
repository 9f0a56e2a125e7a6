import type { Credentials } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { findProgram } from '../process/find-program.ts';
import { type Finished, hasTimedOut, type Run } from '../process/runner.ts';
import { serverOf } from './config-file.ts';

/** Stands for the user where the secret is an identity token (docker-credential-helpers). */
const TOKEN_USER = '<token>';

/** Far more than any login is. */
const MAX_ANSWER_BYTES = 1_000_000;

export interface HelperOptions {
	readonly run: Run;
	readonly timeoutMs: number;
}

/**
 * Asks a Docker credential helper (`docker-credential-NAME get`) for the login of a registry; undefined where it has
 * none. What it writes may be a password and never goes into an error.
 */
export async function askHelper(
	helper: string,
	registry: string,
	{ run, timeoutMs }: HelperOptions,
	signal: AbortSignal,
): Promise<Credentials | undefined> {
	const name = `docker-credential-${helper}`;
	const program = findProgram(name);
	if (program === undefined) throw failed(name, registry, 'it is not installed');
	const options = { input: serverOf(registry), timeoutMs, maxOutputBytes: MAX_ANSWER_BYTES };
	try {
		return parseAnswer(await run(program, ['get'], options, signal), name, registry);
	} catch (cause) {
		signal.throwIfAborted();
		if (cause instanceof Failure) throw cause;
		throw failed(name, registry, hasTimedOut(cause) ? `no answer within ${timeoutMs / 1000} s` : 'it does not run');
	}
}

/** What a helper has answered to `get`: `{"Username": …, "Secret": …}` (docker-credential-helpers, README). */
export function parseAnswer({ code, stdout }: Finished, name: string, registry: string): Credentials | undefined {
	// Said so by docker-credential-helpers, the library of all helpers, with exit code 1.
	if (code !== 0 && /^credentials not found/i.test(stdout.trim())) return undefined;
	if (code !== 0) throw failed(name, registry, `it ended with code ${code}`);
	const { Username: username, Secret: password } = parsed(stdout);
	if (typeof username !== 'string' || typeof password !== 'string')
		throw failed(name, registry, 'its answer has no Username and Secret');
	const serveraddress = serverOf(registry);
	if (username === TOKEN_USER) return { identitytoken: password, serveraddress };
	return username === '' && password === '' ? undefined : { username, password, serveraddress };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
	try {
		return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
	} catch {
		return {};
	}
}

const failed = (name: string, registry: string, why: string): Failure =>
	new Failure(
		'registry',
		`Cannot get the login of ${registry} from ${name}: ${why}`,
		`Try it as the daemon's user: echo ${serverOf(registry)} | ${name} get; or take it out of Docker's config.json`,
	);

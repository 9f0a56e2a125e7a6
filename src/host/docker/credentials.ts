import type { Credentials, Logins } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { createMutex } from '../../lib/mutex.ts';
import { type EcrRegistry, ecrOf, parseImage } from '../../values/image-reference.ts';
import { askEcr, type EcrToken } from '../ecr/token.ts';
import type { Run } from '../process/runner.ts';
import { ownProgram } from '../process/self.ts';
import { dockerConfigPath, readStoredLogin, type StoredLogin } from './config-file.ts';
import { askHelper, type HelperOptions } from './credential-helper.ts';

/** A token lives twelve hours. A pull that has begun with one may take a while. */
const SPARE_MS = 30 * 60_000;
/** For one that, by this host's clock or the registry's word, has ended when it comes: refusals tell, not dates. */
const LEAST_MS = 60 * 60_000;
/** AWS's client tries three times, after it has looked for credentials in every place. */
const ECR_MS = 30_000;
const HELPER_MS = 15_000;

export interface LoginsOptions {
	/** This executable, with what it takes to run it. */
	readonly program?: readonly string[];
	/** Docker's config.json. */
	readonly configPath?: string;
	readonly ecrMs?: number;
	readonly helperMs?: number;
	readonly now?: () => number;
}

type Ask = (registry: string, isRefused: boolean, signal: AbortSignal) => Promise<Credentials | undefined>;

/**
 * Whose login goes with a pull: the credential helper that the user has named for that very registry; ECR's own, by the
 * role of this host; whatever Docker's config.json has else. Secrets stay in the memory of this process.
 */
export function createLogins(run: Run, options: LoginsOptions = {}): Logins {
	const { configPath = dockerConfigPath(), helperMs = HELPER_MS } = options;
	const ecrLogin = createEcrLogin(run, options);
	const helpers: HelperOptions = { run, timeoutMs: helperMs };
	const oneByOne = createMutex();
	const ask: Ask = async (registry, isRefused, signal) => {
		const stored = readStoredLogin(configPath, registry);
		const helped = stored.helper === '' ? undefined : await askHelper(stored.helper, registry, helpers, signal);
		if (helped !== undefined) return helped;
		const kept = (): Promise<Credentials | undefined> => storedLogin(stored, registry, helpers, signal);
		const ecr = ecrOf(registry);
		if (ecr === undefined) return kept();
		return ecrLogin(registry, ecr, isRefused, signal).catch(async (failure) => {
			// A host without a role, where someone runs `docker login` from time to time.
			const login = isRefused || signal.aborted ? undefined : await kept();
			if (login === undefined) throw failure;
			return login;
		});
	};
	return {
		authFor: (image, isRefused, signal) => oneByOne(() => ask(registryOf(image), isRefused, signal)),
	};
}

function registryOf(image: string): string {
	try {
		return parseImage(image).registry;
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause);
		throw new Failure('image', `Cannot pull the image: ${why}`, 'See envoy.image (TURNOUT_ENVOY_IMAGE)');
	}
}

async function storedLogin(
	{ store, login }: StoredLogin,
	registry: string,
	helpers: HelperOptions,
	signal: AbortSignal,
): Promise<Credentials | undefined> {
	return store === '' ? login : ((await askHelper(store, registry, helpers, signal)) ?? login);
}

interface Kept {
	readonly login: Credentials;
	readonly untilMs: number;
}

/** Keeps each registry's token until shortly before it ends, or is refused. */
function createEcrLogin(run: Run, { program = ownProgram(), ecrMs = ECR_MS, now = Date.now }: LoginsOptions) {
	const keep = new Map<string, Kept>();
	return async (host: string, registry: EcrRegistry, isRefused: boolean, signal: AbortSignal): Promise<Credentials> => {
		const kept = keep.get(host);
		if (kept !== undefined && !isRefused && now() < kept.untilMs) return kept.login;
		keep.delete(host);
		const token = await askEcr(run, { program, host, registry, timeoutMs: ecrMs }, signal);
		const login = loginOf(token, host);
		keep.set(host, { login, untilMs: Math.max(token.endsAt - SPARE_MS, now() + LEAST_MS) });
		return login;
	};
}

function loginOf({ token }: EcrToken, serveraddress: string): Credentials {
	const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
	return { username, password, serveraddress };
}

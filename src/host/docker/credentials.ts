import type { Credentials, Logins } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { createMutex } from '../../lib/mutex.ts';
import { type EcrRegistry, ecrOf, parseImage } from '../../values/image-reference.ts';
import { askEcr, type EcrToken } from '../ecr/token.ts';
import type { Run } from '../process/runner.ts';
import { ownProgram } from '../process/self.ts';
import { dockerConfigPath, readStoredLogin, type StoredLogin } from './config-file.ts';
import { askHelper, type HelperOptions } from './credential-helper.ts';

/** Left of a token's twelve hours when it is replaced: a pull that has begun with it may take a while. */
const SPARE_MS = 30 * 60_000;
/** Kept so long even if expired by its date, as this host's clock may be wrong; a refused token is replaced anyway. */
const LEAST_MS = 60 * 60_000;
/** AWS's client tries three times, after it has looked for credentials in all places. */
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
 * Credentials for pulls, in this order: the registry's own credential helper; for ECR a token by this host's role; whatever
 * else Docker's config.json has. Secrets stay in this process's memory.
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
			// For hosts without a role, where somebody runs `docker login` from time to time.
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

interface CachedLogin {
	readonly login: Credentials;
	readonly untilMs: number;
}

/** Caches each registry's token until shortly before it expires, or until it is refused. */
function createEcrLogin(run: Run, { program = ownProgram(), ecrMs = ECR_MS, now = Date.now }: LoginsOptions) {
	const keep = new Map<string, CachedLogin>();
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

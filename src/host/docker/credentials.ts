import type { Credentials, Logins } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { createMutex } from '../../lib/mutex.ts';
import { ecrOf, parseImage } from '../../values/image-reference.ts';
import { createEcrLogin, type EcrLoginOptions } from '../ecr/kept-login.ts';
import type { Run } from '../process/runner.ts';
import { dockerConfigPath, readStoredLogin, type StoredLogin } from './config-file.ts';
import { askHelper, type HelperOptions } from './credential-helper.ts';

const HELPER_MS = 15_000;

export interface LoginsOptions extends EcrLoginOptions {
	/** Docker's config.json. */
	readonly configPath?: string;
	readonly helperMs?: number;
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

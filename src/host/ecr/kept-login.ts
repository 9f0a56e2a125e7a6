import type { Credentials } from '../../envoy/runtime.ts';
import type { EcrRegistry } from '../../values/image-reference.ts';
import type { Run } from '../process/runner.ts';
import { ownProgram } from '../process/self.ts';
import { askEcr, type EcrToken } from './token.ts';

/** Left of a token's twelve hours when it is replaced: a pull that has begun with it may take a while. */
const SPARE_MS = 30 * 60_000;
/** Kept so long even if expired by its date, as this host's clock may be wrong; a refused token is replaced anyway. */
const LEAST_MS = 60 * 60_000;
/** AWS's client tries three times, after it has looked for credentials in all places. */
const ECR_MS = 30_000;

export interface EcrLoginOptions {
	/** This executable, with what it takes to run it. */
	readonly program?: readonly string[];
	readonly ecrMs?: number;
	readonly now?: () => number;
}

interface CachedLogin {
	readonly login: Credentials;
	readonly untilMs: number;
}

/** Caches each registry's token until shortly before it expires, or until it is refused. */
export function createEcrLogin(run: Run, { program = ownProgram(), ecrMs = ECR_MS, now = Date.now }: EcrLoginOptions) {
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

import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { AccessKey, AccessKeys } from '../access/access-keys.ts';

const LONGEST_MS = 8 * 3_600 * 1_000;
const IDLE_MS = 30 * 60 * 1_000;
/** The oldest is forgotten for one more. */
const MOST = 1_000;

interface Session {
	readonly keyId: string;
	/** Of the key's secret and user: with others it is another key. */
	readonly print: string;
	readonly csrfToken: string;
	readonly begunMs: number;
	readonly usedMs: number;
}

export interface SignedIn {
	/** As it is now. */
	readonly key: AccessKey;
	readonly csrfToken: string;
}

export interface Sessions {
	/** The token is what the cookie holds. */
	readonly begin: (key: AccessKey) => { readonly token: string; readonly csrfToken: string };
	/** Undefined: it has ended, or never was. `isUse`: somebody has asked, not a page that is left open. */
	readonly find: (token: string, isUse: boolean) => SignedIn | undefined;
	readonly end: (token: string) => void;
}

/** Who is signed in. Sessions are known by the hash of their token, and end with this process. */
export function createSessions(keys: () => AccessKeys, { nowMs }: Pick<Clock, 'nowMs'>): Sessions {
	const known = new Map<string, Session>();
	const isOver = ({ begunMs, usedMs }: Session): boolean => {
		const now = nowMs();
		return now - begunMs >= LONGEST_MS || now - usedMs >= IDLE_MS;
	};
	return {
		begin(key) {
			const token = secret();
			const session = { keyId: key.id, print: printOf(key), csrfToken: secret(), begunMs: nowMs(), usedMs: nowMs() };
			known.set(idOf(token), session);
			const [oldest] = known.keys();
			if (known.size > MOST && oldest !== undefined) known.delete(oldest);
			return { token, csrfToken: session.csrfToken };
		},
		find(token, isUse) {
			const id = idOf(token);
			const session = known.get(id);
			if (session === undefined) return undefined;
			const key = keys().get(session.keyId);
			if (key === undefined || isOver(session) || printOf(key) !== session.print) {
				known.delete(id);
				return undefined;
			}
			if (isUse) known.set(id, { ...session, usedMs: nowMs() });
			return { key, csrfToken: session.csrfToken };
		},
		end: (token) => void known.delete(idOf(token)),
	};
}

/** 256 bits. */
export const secret = (): string => randomBytes(32).toString('base64url');

const idOf = (token: string): string => hash('sha256', token);

const printOf = ({ secret: own, user }: AccessKey): string => hash('sha256', JSON.stringify([own(), user]));

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { parsedJson } from '../../lib/parsed-json.ts';
import { isRecord } from '../../mesh/check-shape.ts';
import type { AccessKey, AccessKeys } from '../access/access-keys.ts';
import { type Refusal, refuse } from '../access/request-refusal.ts';
import type { Connection } from './connection.ts';
import { createSignInLimits } from './sign-in-limits.ts';

export type SignedInBy =
	| { readonly key: AccessKey }
	/** `message`: for whoever tries; `refusal`: for the log. */
	| { readonly status: 400 | 403 | 429; readonly message: string; readonly waitMs?: number; readonly refusal: Refusal };

const WRONG = 'no access key has this id and this secret';
const OPEN_NETWORK =
	'nobody signs in over a connection that others can read: use https, or come from this host itself by 127.0.0.1 or localhost, such as through ssh -L';
/** Far more than the longest key. */
const LONGEST = 1_024;

/** By the id and the secret of an access key. Whatever is wrong with them, the answer is the same. */
export function createSignIn(
	keys: () => AccessKeys,
	clock: Pick<Clock, 'nowMs'>,
): (from: Connection, body: Buffer) => SignedInBy {
	const limits = createSignInLimits(clock);
	// Compared with where no key has the id, so that this takes as long.
	const nobody = randomBytes(32).toString('hex');
	const attempt = (names: readonly string[], { id, secret }: Given): SignedInBy => {
		const waitMs = limits.waitMs(names);
		if (waitMs > 0) return tooOften(waitMs);
		const key = keys().get(id);
		const isSame = isEqual(key?.secret() ?? nobody, secret);
		if (key !== undefined && isSame) {
			limits.succeeded(`key ${id}`);
			return { key };
		}
		limits.failed(names);
		return { status: 403, message: WRONG, ...(key === undefined ? unknownKey : otherSecret(key)) };
	};
	return (from, body) => {
		if (!from.isPrivate) return { status: 403, message: OPEN_NETWORK, ...refuse('open-network', OPEN_NETWORK) };
		const given = parsedGiven(body);
		if (given === undefined) return { status: 400, message: WRONG, ...notGiven };
		return attempt([`address ${from.address ?? ''}`, `key ${given.id}`], given);
	};
}

const notGiven = refuse('malformed', 'it has no accessKeyId and secretAccessKey');
/** The id may be a secret that stands in the wrong field. */
const unknownKey = refuse('unknown-key', 'somebody tries to sign in with the id of no key');
const otherSecret = ({ id }: AccessKey) =>
	refuse('other-secret', `somebody tries to sign in with key ${id} and another secret`);

function tooOften(waitMs: number): SignedInBy {
	const message = `too many attempts: try again in ${Math.ceil(waitMs / 1_000)} s`;
	return { status: 429, message, waitMs, ...refuse('too-often', 'somebody goes on trying to sign in') };
}

interface Given {
	readonly id: string;
	readonly secret: string;
}

function parsedGiven(body: Buffer): Given | undefined {
	const given = parsedJson(body.toString('utf8'));
	if (!isRecord(given)) return undefined;
	const { accessKeyId: id, secretAccessKey: secret } = given;
	if (typeof id !== 'string' || typeof secret !== 'string' || id === '') return undefined;
	return id.length > LONGEST || secret.length > LONGEST ? undefined : { id, secret };
}

/** Takes as long whatever differs, also the length. */
const isEqual = (a: string, b: string): boolean =>
	timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));

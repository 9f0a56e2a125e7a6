import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey, AccessKeys } from './access-keys.ts';
import { createReplayGuard, SKEW_MS } from './replay-guard.ts';
import { type Refused, refuse } from './request-refusal.ts';
import { parseSignedRequest, type ReceivedRequest, type SignedRequest } from './signed-request.ts';

export type Verdict = { readonly key: AccessKey } | Refused;

export interface VerifierOptions {
	/** The ones of now: they may change while this runs. */
	readonly keys: () => AccessKeys;
	readonly region: string;
	readonly service?: string;
	readonly now?: () => number;
}

export interface VerifiedCall extends ReceivedRequest {
	/** It changes nothing, so that the same one may come twice in a second. */
	readonly isRead: boolean;
}

/** Says which key has signed a request (Signature Version 4). AWS's own signer signs it once more; both signatures have to be the same. */
export function createVerifier({
	keys,
	region,
	service = 'appmesh',
	now = Date.now,
}: VerifierOptions): (call: VerifiedCall) => Promise<Verdict> {
	const mayUse = createReplayGuard();
	// Signs for keys that are not known, so that these take as long.
	const nobody = { accessKeyId: '', secretAccessKey: randomBytes(32).toString('hex') };
	const isSigned = async (call: VerifiedCall, signed: SignedRequest, key: AccessKey | undefined): Promise<boolean> => {
		const signer = new SignatureV4({
			...{ region, service, applyChecksum: false, sha256: Hash.bind(null, 'sha256') },
			credentials: key === undefined ? nobody : { accessKeyId: key.id, secretAccessKey: key.secret() },
		});
		const signature = await signAgain(signer, call, signed);
		return timingSafeEqual(Buffer.from(signature), Buffer.from(signed.signature));
	};
	return async (call) => {
		const parsed = parseSignedRequest(call);
		if ('refusal' in parsed) return parsed;
		const [signed, nowMs] = [parsed.value, now()];
		const refused = refuseClaims(signed, call.body, { scope: `${region}/${service}/aws4_request`, nowMs });
		if (refused !== undefined) return refused;
		const { keyId, signature } = signed;
		const key = keys().get(keyId);
		const isSame = await isSigned(call, signed, key);
		if (key === undefined) return refuse('unknown-key', `there is no key ${keyId}`);
		if (!isSame) return refuse('other-signature', `key ${keyId} signs it otherwise`);
		const use = { keyId, signature, signedMs: timeOf(signed.time), nowMs, isRead: call.isRead };
		return mayUse(use) ? { key } : refuse('replayed', `its signature by key ${keyId} was used before`);
	};
}

/** What is wrong with what it says of itself, whoever has signed it. */
function refuseClaims(
	{ scope, time, headers }: SignedRequest,
	body: Uint8Array,
	expected: { readonly scope: string; readonly nowMs: number },
): Refused | undefined {
	const signedMs = timeOf(time);
	if (Number.isNaN(signedMs)) return refuse('malformed', 'its X-Amz-Date is no time');
	if (Math.abs(expected.nowMs - signedMs) > SKEW_MS)
		return refuse('other-time', `it is signed at ${time}, more than 5 minutes from now`);
	if (scope !== `${time.slice(0, 8)}/${expected.scope}`)
		return refuse('other-scope', `it is signed for ${scope}, not for ${expected.scope}`);
	if (headers['x-amz-security-token'] !== undefined)
		return refuse('temporary-credentials', 'it has a session token, and keys here have none');
	const payload = headers['x-amz-content-sha256'];
	if (payload !== undefined && payload !== hash('sha256', body))
		return refuse('other-payload', 'its body is not the one that is signed');
	return undefined;
}

/** NaN: it is none. */
function timeOf(text: string): number {
	const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
	return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Of the parts that are signed, and no others. */
async function signAgain(
	signer: SignatureV4,
	{ method, body }: ReceivedRequest,
	signed: SignedRequest,
): Promise<string> {
	const { path, query, headers, time } = signed;
	const request = { protocol: 'http:', hostname: '', method, path, query, headers, body };
	const signableHeaders = new Set(Object.keys(headers));
	const result = await signer.sign(request, { signingDate: new Date(timeOf(time)), signableHeaders });
	return result.headers['authorization']?.slice(-64) ?? '';
}

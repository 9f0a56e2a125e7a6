import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AccessKey, AccessKeys } from '../../src/control/access/access-keys.ts';
import type { Policy } from '../../src/control/access/policy.ts';
import type { VerifiedCall } from '../../src/control/access/verify-signature.ts';

export interface Credentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
}

/** As clients put one together before they sign it. */
export interface UnsignedCall {
	readonly method?: string;
	readonly path?: string;
	readonly query?: Readonly<Record<string, string>>;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
}

interface Signing {
	readonly region: string;
	readonly service?: string;
	readonly atMs: number;
	readonly addsPayloadHash?: boolean;
}

export const keysOf = (...all: readonly (Credentials & { readonly policies?: readonly Policy[] })[]): AccessKeys =>
	new Map(
		all.map(({ accessKeyId: id, secretAccessKey, policies = [] }): [string, AccessKey] => [
			id,
			{ id, user: `user of ${id}`, policies, secret: () => secretAccessKey },
		]),
	);

/** As it arrives, from a client that uses AWS's signer. */
export async function signedCall(
	credentials: Credentials,
	{ method = 'GET', path = '/', query = {}, headers = {}, body = '' }: UnsignedCall,
	{ region, service = 'appmesh', atMs, addsPayloadHash = false }: Signing,
): Promise<VerifiedCall> {
	const sha256 = Hash.bind(null, 'sha256');
	const signer = new SignatureV4({ credentials, region, service, sha256, applyChecksum: addsPayloadHash });
	const request = { method, protocol: 'http:', hostname: '', path, query: { ...query }, body };
	const all = { host: 'control.example:8080', ...headers };
	const signed = await signer.sign({ ...request, headers: all }, { signingDate: new Date(atMs) });
	return {
		...{ method, target: targetOf(path, query), isRead: method === 'GET', body: Buffer.from(body) },
		rawHeaders: Object.entries(signed.headers).flat(),
	};
}

/** As clients write it on the wire. */
export function targetOf(path: string, query: Readonly<Record<string, string>>): string {
	const fields = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
	return fields.length === 0 ? path : `${path}?${fields.join('&')}`;
}

const encoded = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

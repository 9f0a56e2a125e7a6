import { quote } from '../../lib/escape.ts';
import { type Refused, refuse } from './request-refusal.ts';

/** As it has arrived: nothing is joined, decoded or in lower case yet. */
export interface ReceivedRequest {
	readonly method: string;
	/** Path and query. */
	readonly target: string;
	/** Names and values in turn, as Node's `rawHeaders`. */
	readonly rawHeaders: readonly string[];
	readonly body: Uint8Array;
}

/** Says unambiguously what is signed, by whom it claims to be, and for when; nothing of it is verified yet. */
export interface SignedRequest {
	readonly keyId: string;
	/** `DATE/REGION/SERVICE/aws4_request`. */
	readonly scope: string;
	/** As in `X-Amz-Date`. */
	readonly time: string;
	readonly signature: string;
	readonly path: string;
	readonly query: Readonly<Record<string, string>>;
	/** Those that are signed; names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
}

type Parsed<T> = { readonly value: T } | Refused;

const AUTHORIZATION =
	/^AWS4-HMAC-SHA256 +Credential=(\w{1,128})\/([\w/-]{1,200}), *SignedHeaders=([a-z0-9;-]{1,4000}), *Signature=([0-9a-f]{64})$/;

export function parseSignedRequest(request: ReceivedRequest): Parsed<SignedRequest> {
	const headers = valuesByName(request.rawHeaders);
	const target = parseTarget(request.target);
	if ('refusal' in target) return target;
	const authorizations = headers.get('authorization') ?? [];
	if (authorizations.length === 0) return refuse('unsigned', 'it has no Authorization');
	if (authorizations.length > 1) return refuse('ambiguous', 'it has more than one Authorization');
	const [, keyId, scope, names, signature] = AUTHORIZATION.exec(authorizations[0] ?? '') ?? [];
	if (keyId === undefined || scope === undefined || names === undefined || signature === undefined)
		return refuse('malformed', 'its Authorization is none of AWS4-HMAC-SHA256');
	const signed = signedHeaders(headers, names.split(';'));
	if ('refusal' in signed) return signed;
	const time = signed.value['x-amz-date'] ?? '';
	return { value: { keyId, scope, time, signature, ...target.value, headers: signed.value } };
}

function valuesByName(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
	const found = new Map<string, string[]>();
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const name = (rawHeaders[at] ?? '').toLowerCase();
		const values = found.get(name) ?? [];
		values.push(rawHeaders[at + 1] ?? '');
		found.set(name, values);
	}
	return found;
}

/**
 * The signature has to cover where the request goes, when it was made, and all that is AWS's. It need not cover the type of the
 * body, which old clients leave out: nothing may be made of headers that are not signed.
 */
function signedHeaders(
	headers: ReadonlyMap<string, readonly string[]>,
	names: readonly string[],
): Parsed<Readonly<Record<string, string>>> {
	const ofAws = [...headers.keys()].filter((name) => name.startsWith('x-amz-'));
	const uncovered = ['host', 'x-amz-date', ...ofAws].find((name) => !names.includes(name));
	if (uncovered !== undefined) return refuse('uncovered', `${quote(uncovered)} is not signed`);
	const unclear = names.find((name) => headers.get(name)?.length !== 1);
	if (unclear !== undefined)
		return refuse('ambiguous', `the signed header ${quote(unclear)} is not there exactly once`);
	return { value: Object.fromEntries(names.map((name) => [name, headers.get(name)?.[0] ?? ''])) };
}

/** Far more than any operation has. What AWS's signer does takes as long as their number times itself. */
const MOST_FIELDS = 50;

/** Of RFC 3986, without `+`, which some read as a space. */
const TARGET = /^(\/[\w.~!$&'()*,;=:@%/-]*)(?:\?([\w.~!$&'()*,;=:@%/?-]*))?$/;

/** What two programs may read in two ways is refused, since only one of the readings is signed. */
function parseTarget(target: string): Parsed<Pick<SignedRequest, 'path' | 'query'>> {
	const [, path, query = ''] = TARGET.exec(target) ?? [];
	if (path === undefined) return refuse('ambiguous', 'its URL has characters that belong encoded');
	const segments = path.split('/').slice(1);
	// Only the last one may be empty: the path ends with a slash, or is one.
	const isPlain = segments.every((segment, at) => isPlainSegment(segment, at === segments.length - 1));
	if (!isPlain) return refuse('ambiguous', 'its path has empty segments, dots, or what is not encoded soundly');
	const fields = query === '' ? [] : query.split('&', MOST_FIELDS + 1).map(parseField);
	if (fields.length > MOST_FIELDS) return refuse('malformed', `its query has over ${MOST_FIELDS} fields`);
	const names = fields.map((field) => field?.[0] ?? '');
	if (names.some((name) => /^x-amz-/i.test(name))) return refuse('presigned', 'its query has parts of a signature');
	// AWS's signer leaves a field out that is called as an object's prototype.
	if (names.some((name) => ['', '__proto__'].includes(name)) || new Set(names).size < names.length)
		return refuse('ambiguous', 'its query has a name twice, an empty one, or what is not encoded soundly');
	return { value: { path, query: Object.fromEntries(fields.filter((field) => field !== undefined)) } };
}

function isPlainSegment(segment: string, isLast: boolean): boolean {
	const text = decoded(segment);
	return text !== undefined && text !== '.' && text !== '..' && (text !== '' || isLast);
}

function parseField(text: string): readonly [name: string, value: string] | undefined {
	const [, name = '', value = ''] = /^([^=]*)=?(.*)$/.exec(text) ?? [];
	const [plainName, plainValue] = [decoded(name), decoded(value)];
	return plainName === undefined || plainValue === undefined ? undefined : [plainName, plainValue];
}

/** Undefined: it is no UTF-8, or a `%` begins nothing. */
function decoded(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { Failure } from '../../failure.ts';
import { quote } from '../../lib/escape.ts';
import { describeFsError } from '../../lib/fs.ts';
import { parsedJson } from '../../lib/parsed-json.ts';
import { readBody } from '../../lib/read-body.ts';
import type { CallApi } from '../../store/api-store.ts';

export interface ApiClientOptions {
	/** Undefined: requests are not signed. */
	readonly credentials:
		| { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
		| undefined;
	readonly region: string;
	/** PEM: who may have signed the server's certificate, instead of those that Node knows. */
	readonly ca: string | undefined;
	readonly signal: AbortSignal;
	readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A page of a hundred names, or the largest resource. */
const LARGEST_REPLY = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** In the second try a signature has another time than in the first: it counts in seconds, and is taken once. */
const PAUSES_MS: readonly number[] = [1_100, 2_000, 4_000, 8_000, 16_000];

/** Speaks to App Mesh's API as AWS's tools do. Busy servers and lost connections are tried again. */
export function createApiClient(base: URL, options: ApiClientOptions): CallApi {
	const { signal, wait = (ms, until) => sleep(ms, undefined, { signal: until }) } = options;
	const send = createSender(base, options);
	// An address that is wrong is told at once.
	let isKnown = false;
	const ask = async (method: string, target: string, text: string): Promise<Reply | Failure> => {
		try {
			const reply = await send(method, target, text);
			isKnown = true;
			return reply;
		} catch (cause) {
			return unanswered(base, cause);
		}
	};
	const shouldRetry = (reply: Reply | Failure): boolean =>
		reply instanceof Failure ? isKnown && isTransient(reply) : BUSY.includes(reply.status);
	return async (method, target, body) => {
		const text = body === undefined ? '' : JSON.stringify(body);
		for (const pauseMs of PAUSES_MS) {
			const reply = await ask(method, target, text);
			if (!shouldRetry(reply)) return contentOf(reply, base);
			signal.throwIfAborted();
			await wait(pauseMs, signal);
		}
		return contentOf(await ask(method, target, text), base);
	};
}

interface Reply {
	readonly status: number;
	readonly type: string;
	readonly body: unknown;
}

/** TooManyRequestsException, ServiceUnavailableException. */
const BUSY: readonly number[] = [429, 503];

function createSender(base: URL, { credentials, region, ca, signal }: ApiClientOptions) {
	const send = base.protocol === 'https:' ? requestHttps : requestHttp;
	const signer =
		credentials && new SignatureV4({ credentials, region, service: 'appmesh', sha256: Hash.bind(null, 'sha256') });
	const prefix = base.pathname.replace(/\/$/, '');
	const headersFor = async (method: string, target: string, body: string): Promise<Record<string, string>> => {
		const [path = '', query = ''] = target.split('?', 2);
		const headers = { host: base.host, ...(body === '' ? {} : { 'content-type': 'application/json' }) };
		const unsigned = { method, protocol: base.protocol, hostname: base.hostname, path, headers, body };
		const signed = await signer?.sign({ ...unsigned, query: Object.fromEntries(new URLSearchParams(query)) });
		return { ...(signed?.headers ?? headers) };
	};
	return async (method: string, path: string, body: string): Promise<Reply> => {
		const target = `${prefix}${path}`;
		const headers = await headersFor(method, target, body);
		const ends = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
		const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
		const place = { hostname: base.hostname.replace(/^\[|\]$/g, ''), port: base.port };
		const options = { ...place, method, path: target, headers, signal: ends, ...(ca === undefined ? {} : { ca }) };
		send(options, resolve).on('error', reject).end(body);
		return parseReply(await promise);
	};
}

async function parseReply(reply: IncomingMessage): Promise<Reply> {
	const text = (await readBody(reply, LARGEST_REPLY))?.toString('utf8');
	if (text === undefined) reply.destroy();
	return {
		status: reply.statusCode ?? 0,
		type: String(reply.headers['x-amzn-errortype'] ?? '').replace(/:.*$/, ''),
		body: parsedJson(text ?? ''),
	};
}

function contentOf(reply: Reply | Failure, base: URL): unknown {
	if (reply instanceof Failure) throw reply;
	const { status, type, body } = reply;
	if (status === 200 && typeof body === 'object' && body !== null) return body;
	const fields = (body ?? {}) as { readonly message?: unknown; readonly Message?: unknown };
	const message = fields.message ?? fields.Message;
	if (typeof message !== 'string')
		throw new Failure(
			'config',
			`Cannot use ${base.origin}: it answers with ${status}, and not as App Mesh's API does`,
			'See the address: it is that of turnout control',
		);
	const remedy = type === 'ForbiddenException' ? FORBIDDEN : '';
	throw new Failure(BUSY.includes(status) ? 'socket' : 'config', `${type || status}: ${message}`, remedy);
}

const FORBIDDEN =
	'Give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of a key that may, and AWS_REGION as turnout control has it (--region)';

function unanswered(base: URL, cause: unknown): Failure {
	if (cause instanceof Failure) return cause;
	const isLate = cause instanceof Error && cause.name === 'TimeoutError';
	const known = knownTroubles.find(({ codes, said }) => codes.includes(codeOf(cause)) && said.test(String(cause)));
	const why = isLate ? `it takes over ${TIMEOUT_MS / 1_000} s` : (known?.why ?? describeFsError(cause));
	const remedy = known?.remedy(base) ?? `${RUNS}; AWS_CA_BUNDLE names the authority of its certificate`;
	return new Failure('socket', `Cannot reach ${quote(base.origin)}: ${why}`, remedy, cause);
}

const RUNS = 'See whether turnout control runs there';

interface Trouble {
	readonly codes: readonly string[];
	readonly said: RegExp;
	readonly why: string;
	readonly remedy: (base: URL) => string;
}

/** What Node and OpenSSL say in words that help nobody. */
const knownTroubles: readonly Trouble[] = [
	{
		codes: ['EPROTO'],
		said: /wrong version number|packet length too long/,
		why: 'it speaks without TLS',
		remedy: () => 'Write http:// where it has no certificate',
	},
	{
		codes: ['ECONNRESET'],
		said: /hang up|ECONNRESET/,
		why: 'it hangs up',
		remedy: ({ protocol }) =>
			protocol === 'https:'
				? RUNS
				: 'Write https:// where it has a certificate; see whether turnout control runs there',
	},
	{
		codes: [
			...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT'],
			...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
		],
		said: /certificate/,
		why: 'its certificate is by an authority that is not known here',
		remedy: () => 'Name its authority by AWS_CA_BUNDLE',
	},
];

const codeOf = (cause: unknown): string => ((cause ?? {}) as { readonly code?: string }).code ?? '';

/** It was there, or may be there in a moment. A name or a certificate stays what it is. */
const isTransient = ({ cause }: Failure): boolean =>
	['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(codeOf(cause));

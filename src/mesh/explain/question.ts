import { isIpLiteral } from '../../values/ip-literal.ts';
import { parsePlace } from '../../values/place.ts';
import type { Attempt } from './explanation.ts';
import { grpcHeaders, headersOf, normalizedPath, schemeOf } from './request.ts';

/** What a person asks about, as written. */
export interface Question {
	/** On one line: `GET http://serviceB.local/metrics`. */
	readonly text: string;
	/** A name or an address. */
	readonly host: string;
	readonly attempt: Attempt;
}

export const QUESTIONS = '[METHOD] http://HOST[:PORT]/PATH, grpc http://HOST[:PORT]/SERVICE/METHOD, or tcp HOST:PORT';

interface Told {
	readonly method: string | undefined;
	/** As written, also several of one name. */
	readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The question that words begin with, and what follows it. Undefined: they are none. */
export function parseQuestion(
	words: readonly string[],
	told: Told,
): { readonly question: Question; readonly rest: readonly string[] } | undefined {
	const [first = '', second = ''] = words;
	const isAlone = URL_LIKE.test(first);
	const [kind, target] = isAlone ? [told.method ?? 'GET', first] : [first, second];
	const question = kind === 'tcp' ? connection(target) : request(kind, target, told);
	return question === undefined ? undefined : { question, rest: words.slice(isAlone ? 1 : 2) };
}

const URL_LIKE = /^(https?):\/\/([^/?#\s]+)([^#\s]*)/i;

interface Address {
	readonly host: string;
	readonly port: number;
	readonly isTls: boolean;
	/** What programs send as the `Host`: without the port that the scheme has anyway. */
	readonly authority: string;
	readonly path: string;
}

function addressOf(url: string): Address | undefined {
	const [, scheme = '', authority = '', path = ''] = URL_LIKE.exec(url) ?? [];
	const isTls = scheme.toLowerCase() === 'https';
	const usual = isTls ? 443 : 80;
	const to = parsePlace(authority, usual);
	if (to === undefined) return undefined;
	const named = to.port === usual ? authority.replace(/:\d+$/, '') : authority;
	return { ...to, isTls, authority: named, path: normalizedPath(path.startsWith('/') ? path : `/${path}`) };
}

function request(kind: string, url: string, told: Told): Question | undefined {
	const to = addressOf(url);
	if (to === undefined || !/^[A-Za-z]+$/.test(kind)) return undefined;
	const headers = headersOf(told.headers);
	const [isCall, isName] = [kind === 'grpc', !isIpLiteral(to.host)];
	const method = isCall ? 'POST' : kind.toUpperCase();
	return {
		...{ text: `${isCall ? kind : method} ${url}`, host: to.host },
		attempt: {
			...{ port: to.port, addresses: addressesOf(to.host) },
			tls: to.isTls ? { serverName: isName ? to.host : '' } : undefined,
			request: {
				...{ method, host: headers.get('host') ?? to.authority, scheme: schemeOf(headers, to.isTls), path: to.path },
				headers: new Map([...(isCall ? grpcHeaders : []), ...headers]),
			},
		},
	};
}

function connection(target: string): Question | undefined {
	const to = parsePlace(target);
	if (to === undefined) return undefined;
	const attempt = { port: to.port, addresses: addressesOf(to.host), tls: undefined, request: undefined };
	return { text: `tcp ${target}`, host: to.host, attempt };
}

const addressesOf = (host: string): readonly string[] => (isIpLiteral(host) ? [host] : []);

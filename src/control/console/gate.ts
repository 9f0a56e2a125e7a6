import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CSRF_HEADER, type SessionReply } from '../../mesh/console-protocol.ts';
import { principalOf } from '../access/authorise-by-key.ts';
import { ApiFailure } from '../api-failure.ts';
import { anyone, foreignHost, type Principal } from '../authorise.ts';
import { type HttpReply, jsonReply } from '../http-reply.ts';
import { connectionOf } from './connection.ts';
import type { ConsoleOptions } from './console-options.ts';
import { cookieFor, noCookie, tokensOf } from './cookie.ts';
import { foreignPage, isRead, mayRead } from './same-origin.ts';
import { createSessions, type Sessions, type SignedIn, secret } from './sessions.ts';
import { createSignIn } from './sign-in.ts';

/** Who comes in, and as whom. */
export interface Gate {
	/** Signing in, out, and who it is. */
	readonly session: (request: IncomingMessage, body: Buffer) => HttpReply;
	/**
	 * A reply: nobody is signed in. Throws where the page has not asked for it. `isUse`: a person has asked, not a page that is
	 * left open.
	 */
	readonly enter: (request: IncomingMessage, isUse: boolean) => Principal | HttpReply;
}

type GateOptions = Pick<ConsoleOptions, 'keys' | 'clock' | 'log' | 'onRefused'>;

export const createGate = ({ keys, ...options }: GateOptions): Gate =>
	keys === undefined ? createOpenGate() : createKeyGate(keys, options);

/** Whoever is on this host may do everything, and no page of elsewhere that its browser shows. */
function createOpenGate(): Gate {
	const csrfToken = secret();
	const reply: SessionReply = { user: anyone.name, csrfToken, hasKeys: false };
	const requireThisHost = ({ rawHeaders }: IncomingMessage): void => {
		const refused = foreignHost(rawHeaders);
		if (refused !== undefined) throw new ApiFailure('ForbiddenException', refused);
	};
	return {
		session(request) {
			requireThisHost(request);
			if (!isRead(request)) throw new ApiFailure('BadRequestException', 'nobody signs in without access keys');
			requireOwnPage(request, csrfToken);
			return jsonReply(200, reply);
		},
		enter(request) {
			requireThisHost(request);
			requireOwnPage(request, csrfToken);
			return anyone;
		},
	};
}

function createKeyGate(keys: NonNullable<ConsoleOptions['keys']>, options: Omit<GateOptions, 'keys'>): Gate {
	const { clock, log, onRefused } = options;
	const sessions = createSessions(keys, clock);
	const signIn = createSignIn(keys, clock);
	const begin = (request: IncomingMessage, body: Buffer): HttpReply => {
		requireOrigin(request);
		const from = connectionOf(request);
		const found = signIn(from, body);
		if ('status' in found) {
			onRefused(found.refusal);
			return refusedReply(found);
		}
		const { token, csrfToken } = sessions.begin(found.key);
		log('info', 'signed in', { by: found.key.user, from: from.address });
		return sessionReply({ key: found.key, csrfToken }, cookieFor(token, from.isHttps));
	};
	const end = (request: IncomingMessage): HttpReply => {
		const entered = enteredBy(sessions, request, false);
		if (entered === undefined) return sessionReply(undefined, noCookie);
		requireOwnPage(request, entered.csrfToken);
		for (const token of tokensOf(request)) sessions.end(token);
		log('info', 'signed out', { by: entered.key.user });
		return sessionReply(undefined, noCookie);
	};
	return {
		session(request, body) {
			if (request.method === 'POST') return begin(request, body);
			if (request.method === 'DELETE') return end(request);
			const entered = enteredBy(sessions, request, true);
			requireOwnPage(request, entered?.csrfToken ?? '');
			return sessionReply(entered);
		},
		enter(request, isUse) {
			const entered = enteredBy(sessions, request, isUse);
			if (entered === undefined) return jsonReply(401, { __type: 'NotSignedIn', message: 'sign in first' });
			requireOwnPage(request, entered.csrfToken);
			return principalOf(entered.key);
		},
	};
}

/** Another program of this host may have set a cookie of the same name. */
const enteredBy = (sessions: Sessions, request: IncomingMessage, isUse: boolean): SignedIn | undefined =>
	tokensOf(request)
		.map((token) => sessions.find(token, isUse))
		.find((found) => found !== undefined);

function sessionReply(entered: SignedIn | undefined, newCookie?: string): HttpReply {
	const who = entered && { user: entered.key.user, csrfToken: entered.csrfToken };
	const reply: SessionReply = { ...who, hasKeys: true };
	return jsonReply(200, reply, newCookie === undefined ? {} : { 'set-cookie': newCookie });
}

function refusedReply({ status, message, waitMs }: { status: number; message: string; waitMs?: number }): HttpReply {
	const pause = waitMs === undefined ? {} : { 'retry-after': String(Math.ceil(waitMs / 1_000)) };
	return jsonReply(status, { __type: 'SignInRefused', message }, pause);
}

/** To read, the browser's word is enough: another page could not read the answer either. */
function requireOwnPage(request: IncomingMessage, csrfToken: string): void {
	if (isRead(request)) {
		if (!mayRead(request.headers)) throw otherPage('another page asks for this');
		return;
	}
	requireOrigin(request);
	const [given, wanted] = [Buffer.from(String(request.headers[CSRF_HEADER] ?? '')), Buffer.from(csrfToken)];
	if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
	throw new ApiFailure('ForbiddenException', 'the token of the session is missing', 'load the page again');
}

function requireOrigin({ headers }: IncomingMessage): void {
	const refused = foreignPage(headers);
	if (refused !== undefined) throw otherPage(refused);
}

const otherPage = (why: string): ApiFailure => new ApiFailure('ForbiddenException', why, 'open the console itself');

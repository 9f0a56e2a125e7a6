import { isIP } from 'node:net';
import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { parsedJson } from '../lib/parsed-json.ts';
import { dialects } from '../values/dialects.ts';
import { parseImage } from '../values/image-reference.ts';
import { parsePlace } from '../values/place.ts';
import { parseSince, SINCE_ALLOWED } from '../values/since.ts';
import { parseSession } from '../values/ssh-session.ts';
import { isUnit } from '../values/unit-name.ts';
import type { ExplainRequest } from './explained.ts';
import type { Method, Methods } from './protocol.ts';

const LONGEST_DRAIN_SECONDS = 3600;

/** Parses and validates a request body; an empty one is an empty object. Throws a Failure with code `usage`. */
export function parseRequest<M extends Method>(method: M, body: string): Methods[M]['request'] {
	const value = body.trim() === '' ? {} : parseObject(body);
	const known: Readonly<Record<string, Member>> = members[method] ?? {};
	for (const [name, member] of Object.entries(value)) {
		const check = Object.hasOwn(known, name) ? known[name] : undefined;
		if (check === undefined) throw wrongBody(`unknown member ${quote(name)}`);
		if (!check.allows(member)) throw wrongBody(`${name} is not a ${check.allowed}`);
	}
	if (method === 'explain') requireSubject(value);
	return value as Methods[M]['request'];
}

/** What an explanation is about. */
const SUBJECTS = ['out', 'in', 'pid'];

function requireSubject(value: object): void {
	if (SUBJECTS.some((name) => Object.hasOwn(value, name))) return;
	throw wrongBody(`it has none of ${SUBJECTS.join(', ')}`);
}

export interface Member {
	readonly allowed: string;
	readonly allows: (value: unknown) => boolean;
}

/** A day, in seconds. */
export const LONGEST_CONFIRM_SECONDS = 86_400;

/** The most SSH logins in one request. */
const MOST_SESSIONS = 500;

const sessions: Readonly<Record<'session' | 'sessions', Member>> = {
	session: { allowed: 'value of SSH_CONNECTION', allows: (value) => isSession(value) },
	sessions: {
		allowed: `list of at most ${MOST_SESSIONS} values of SSH_CONNECTION`,
		allows: (value) => Array.isArray(value) && value.length <= MOST_SESSIONS && value.every(isSession),
	},
};

const confirmSeconds: Member = {
	allowed: `whole number from 1 to ${LONGEST_CONFIRM_SECONDS}`,
	allows: (value) => isWhole(value, 1, LONGEST_CONFIRM_SECONDS),
};

const isSession = (value: unknown): boolean => typeof value === 'string' && parseSession(value) !== undefined;

/** In characters: more than a path of a request ever has. */
const LONGEST_TEXT = 4_096;
const LARGEST_PID = 4_194_304;
const MOST_HEADERS = 100;

const written = (allowed: string, pattern: RegExp): Member => ({
	allowed,
	allows: (value) => isWritten(value, pattern),
});
const isWritten = (value: unknown, pattern: RegExp): boolean =>
	typeof value === 'string' && value.length <= LONGEST_TEXT && pattern.test(value);

const ACCOUNT = /^\w[\w.-]{0,31}\$?$/;
const HEADER = /^[\w.-]+\s*[=:][\x20-\x7e]*$/;

const explain: Readonly<Record<keyof ExplainRequest, Member>> = {
	out: {
		allowed: 'destination HOST:PORT or [IPV6]:PORT',
		allows: (value) => isWritten(value, /^[\w.:[\]-]+$/) && parsePlace(String(value)) !== undefined,
	},
	in: { allowed: 'port from 1 to 65535', allows: (value) => isWhole(value, 1, 65_535) },
	pid: { allowed: `process id from 1 to ${LARGEST_PID}`, allows: (value) => isWhole(value, 1, LARGEST_PID) },
	from: { allowed: 'valid IPv4 or IPv6 address', allows: (value) => typeof value === 'string' && isIP(value) > 0 },
	user: written('name or id of a user', ACCOUNT),
	group: written('name or id of a group', ACCOUNT),
	unit: {
		allowed: 'name of a unit or path of a cgroup',
		allows: (value) => typeof value === 'string' && isUnit(value),
	},
	interface: written('name of an interface', /^[A-Za-z0-9_][\w.@-]{0,14}$/),
	method: written('method of HTTP', /^[A-Za-z]{1,20}$/),
	path: written('path that begins with /', /^\/[\x21-\x7e]*$/),
	host: written('host with or without a port', /^[\w.:[\]-]+$/),
	headers: {
		allowed: `list of at most ${MOST_HEADERS} texts NAME=VALUE`,
		allows: (value) =>
			Array.isArray(value) && value.length <= MOST_HEADERS && value.every((line) => isWritten(line, HEADER)),
	},
};

const BACKENDS: readonly string[] = ['auto', ...dialects];

/** Allowed members of each request body. */
export const members: { readonly [M in Method]?: Readonly<Record<string, Member>> } = {
	enable: {
		confirmSeconds,
		...sessions,
		cutExisting: { allowed: 'boolean: true or false', allows: (value) => typeof value === 'boolean' },
	},
	disable: {
		drainSeconds: {
			allowed: `whole number from 0 to ${LONGEST_DRAIN_SECONDS}`,
			allows: (value) => isWhole(value, 0, LONGEST_DRAIN_SECONDS),
		},
	},
	reload: {
		confirmSeconds,
		...sessions,
		backend: { allowed: BACKENDS.join(', '), allows: (value) => typeof value === 'string' && BACKENDS.includes(value) },
	},
	explain,
	update: { image: { allowed: 'valid image reference', allows: (value) => isImage(value) } },
};

function isImage(value: unknown): boolean {
	try {
		return typeof value === 'string' && parseImage(value) !== undefined;
	} catch {
		return false;
	}
}

const isWhole = (value: unknown, least: number, most: number): boolean =>
	Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

function parseObject(body: string): object {
	const value = parsedJson(body);
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongBody('it is not a JSON object');
	return value;
}

const wrongBody = (why: string): Failure =>
	new Failure('usage', `Cannot accept the request: ${why}`, 'Send a JSON object, or no body');

/** The query of a stream. */
export interface StreamQuery {
	readonly tail: number | undefined;
	readonly sinceMs: number | undefined;
	readonly isFollowed: boolean;
}

export function parseStreamQuery(query: URLSearchParams, nowMs = Date.now()): StreamQuery {
	refuseQuery(query, ['tail', 'since', 'follow']);
	const [tail, since, follow] = [query.get('tail'), query.get('since'), query.get('follow') ?? '0'];
	if (tail !== null && !/^\d{1,6}$/.test(tail)) throw wrongQuery('tail', tail, 'a number of lines');
	const sinceMs = since === null ? undefined : parseSince(since, nowMs);
	if (since !== null && sinceMs === undefined) throw wrongQuery('since', since, SINCE_ALLOWED);
	if (!/^[01]$/.test(follow)) throw wrongQuery('follow', follow, '0 or 1');
	return { tail: tail === null ? undefined : Number(tail), sinceMs, isFollowed: follow === '1' };
}

/** Throws on unknown or repeated parameters: silently ignoring one could change the meaning of a request. */
export function refuseQuery(query: URLSearchParams, known: readonly string[] = []): void {
	const names = [...query.keys()];
	const unknown = names.find((name, at) => !known.includes(name) || names.indexOf(name) !== at);
	if (unknown === undefined) return;
	const why = known.includes(unknown) ? 'is given twice' : 'is not a known parameter';
	const remedy = known.length === 0 ? 'Send parameters in the body' : `Known: ${known.join(', ')}, each once`;
	throw new Failure('usage', `Cannot accept the request: ${quote(unknown)} ${why}`, remedy);
}

const wrongQuery = (name: string, value: string, allowed: string): Failure =>
	new Failure('usage', `Cannot accept the request: ${name} is ${quote(value)}`, `Allowed: ${allowed}`);

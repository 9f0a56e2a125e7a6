import { Failure } from '../failure.ts';
import type { Method, Methods } from './protocol.ts';

/** The longest that anybody may want to wait for connections to end, in seconds. */
const LONGEST_DRAIN_SECONDS = 3600;

/** Checks a body before anything is done with it; an empty one is an empty object. */
export function parseRequest<M extends Method>(method: M, body: string): Methods[M]['request'] {
	const value = body.trim() === '' ? {} : parseObject(body);
	const allowed = method === 'disable' ? ['drainSeconds'] : [];
	const unknown = Object.keys(value).find((key) => !allowed.includes(key));
	if (unknown !== undefined) throw wrongBody(`"${unknown}" is not known here`);
	const { drainSeconds } = value as { drainSeconds?: unknown };
	if (drainSeconds !== undefined && !isDrain(drainSeconds))
		throw wrongBody(`drainSeconds is no whole number from 0 to ${LONGEST_DRAIN_SECONDS}`);
	return value as Methods[M]['request'];
}

const isDrain = (value: unknown): boolean =>
	Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LONGEST_DRAIN_SECONDS;

function parseObject(body: string): object {
	const value = parseJson(body);
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongBody('it is no JSON object');
	return value;
}

function parseJson(body: string): unknown {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

const wrongBody = (why: string): Failure =>
	new Failure('usage', `Cannot take the request: ${why}`, 'Send a JSON object, or no body at all');

import { attempt } from '../lib/attempt.ts';
import { quote } from '../lib/escape.ts';
import { ApiFailure } from './api-failure.ts';
import type { Found } from './find-operation.ts';

interface Page<T> {
	readonly items: readonly T[];
	/** Undefined: there are no more. */
	readonly nextToken: string | undefined;
}

/**
 * A part of a list, by `limit` and `nextToken`. The token says after which name it goes on, so that what is made or
 * deleted between two pages neither repeats nor hides another.
 */
export function pageOf<T>(
	all: readonly T[],
	nameOf: (item: T) => string,
	query: Found['query'],
	most: number,
): Page<T> {
	const limit = limitOf(query.limit, most);
	const after = query.nextToken === undefined ? undefined : nameIn(query.nextToken);
	const sorted = all.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
	const rest = after === undefined ? sorted : sorted.filter((item) => nameOf(item) > after);
	const items = rest.slice(0, limit);
	const last = items.at(-1);
	return { items, nextToken: rest.length > limit && last !== undefined ? tokenFor(nameOf(last)) : undefined };
}

function limitOf(text: string | undefined, most: number): number {
	if (text === undefined) return most;
	if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
	throw new ApiFailure('BadRequestException', `limit is ${quote(text)}`, `a whole number from 1 to ${most}`);
}

const tokenFor = (name: string): string => Buffer.from(JSON.stringify({ after: name })).toString('base64url');

function nameIn(token: string): string {
	const found = attempt((): unknown => JSON.parse(Buffer.from(token, 'base64url').toString('utf8')));
	const { after } = ('value' in found ? (found.value ?? {}) : {}) as { readonly after?: unknown };
	if (typeof after === 'string') return after;
	throw new ApiFailure(
		'BadRequestException',
		`nextToken ${quote(token)} is none of ours`,
		'take that of the last page, or none',
	);
}

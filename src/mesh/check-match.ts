import { quote } from '../lib/escape.ts';
import { byteLength } from './byte-length.ts';
import type { Told } from './mistake-at.ts';
import type { Segment } from './path.ts';
import { regexProblem } from './regex.ts';
import type { Mistake } from './resource.ts';
import type { Header, HttpRoute } from './schema/route.ts';

type HttpMatch = Pick<HttpRoute['match'], 'headers' | 'path' | 'prefix' | 'queryParameters'>;

/** What the API's bounds do not say of a match. `tell` stands at the match. */
export const checkHttpMatch = (
	tell: Told,
	{ headers = [], path, prefix, queryParameters = [] }: HttpMatch,
): Mistake[] => [
	...checkHeaders(tell, 'headers', headers),
	...checkParameters(tell, queryParameters),
	...(prefix === undefined ? [] : checkAbsolute(tell, ['prefix'], prefix)),
	...(path === undefined ? [] : checkPath(tell, path)),
	...(prefix !== undefined && path !== undefined
		? [tell(['path'], 'path and prefix are both there', 'write one of them')]
		: []),
];

export const checkAbsolute = (tell: Told, path: readonly Segment[], text: string): Mistake[] =>
	text.startsWith('/') ? [] : [tell(path, `${quote(text)} does not start with /`, 'so it matches no request')];

function checkPath(tell: Told, { exact, regex }: NonNullable<HttpMatch['path']>): Mistake[] {
	if ((exact === undefined) === (regex === undefined))
		return [tell(['path'], 'exactly one field is needed', 'one of exact, regex')];
	if (exact !== undefined) return checkAbsolute(tell, ['path', 'exact'], exact);
	return checkRegex(tell, ['path', 'regex'], regex ?? '');
}

/** Envoy's own bound; the API names none. */
const LONGEST_PARAMETER = 1_024;

const checkParameters = (tell: Told, parameters: NonNullable<HttpMatch['queryParameters']>): Mistake[] =>
	parameters.flatMap(({ name }, at) => {
		const bytes = byteLength(name);
		if (bytes <= LONGEST_PARAMETER) return [];
		return [tell(['queryParameters', at, 'name'], `it has ${bytes} bytes`, `at most ${LONGEST_PARAMETER}`)];
	});

/** Of headers, and of gRPC's metadata. */
export const checkHeaders = (tell: Told, key: string, headers: readonly Header[]): Mistake[] =>
	headers.flatMap(({ name, match }, at) => [
		...(/[^!-~]/.test(name) ? [tell([key, at, 'name'], `${quote(name)} is no name of a header`, '')] : []),
		...(match?.regex === undefined ? [] : checkRegex(tell, [key, at, 'match', 'regex'], match.regex)),
		...(match?.range === undefined || match.range.start < match.range.end
			? []
			: [tell([key, at, 'match', 'range'], 'the range is empty', 'end is the first number that is no part of it')]),
	]);

function checkRegex(tell: Told, path: readonly Segment[], regex: string): Mistake[] {
	const problem = regexProblem(regex);
	return problem === undefined
		? []
		: [tell(path, `Envoy does not take this regex: ${problem}`, 'see github.com/google/re2/wiki/Syntax')];
}

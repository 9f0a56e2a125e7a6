import type { Told } from './mistake-at.ts';
import type { Segment } from './path.ts';
import { regexProblem } from './regex.ts';
import type { Mistake } from './resource.ts';
import type { Header, HttpRoute } from './schema/route.ts';

type HttpMatch = Pick<HttpRoute['match'], 'headers' | 'path' | 'prefix'>;

/** What the API's bounds do not say of a match. `tell` stands at the match. */
export const checkHttpMatch = (tell: Told, { headers = [], path, prefix }: HttpMatch): Mistake[] => [
	...checkHeaders(tell, 'headers', headers),
	...(prefix === undefined ? [] : checkAbsolute(tell, ['prefix'], prefix)),
	...(path === undefined ? [] : checkPath(tell, path)),
	...(prefix !== undefined && path !== undefined
		? [tell(['path'], 'path and prefix are both there', 'write one of them')]
		: []),
];

export const checkAbsolute = (tell: Told, path: readonly Segment[], text: string): Mistake[] =>
	text.startsWith('/') ? [] : [tell(path, `${JSON.stringify(text)} does not start with /`, 'so it matches no request')];

function checkPath(tell: Told, { exact, regex }: NonNullable<HttpMatch['path']>): Mistake[] {
	if ((exact === undefined) === (regex === undefined))
		return [tell(['path'], 'exactly one field is needed', 'one of exact, regex')];
	if (exact !== undefined) return checkAbsolute(tell, ['path', 'exact'], exact);
	return checkRegex(tell, ['path', 'regex'], regex ?? '');
}

/** Of headers, and of gRPC's metadata. */
export const checkHeaders = (tell: Told, key: string, headers: readonly Header[]): Mistake[] =>
	headers.flatMap(({ name, match }, at) => [
		...(/[^!-~]/.test(name) ? [tell([key, at, 'name'], `${JSON.stringify(name)} is no name of a header`, '')] : []),
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

import { quote, shown } from '../../lib/escape.ts';
import type { GrpcRoute, Header, HttpRoute } from '../schema/route.ts';

import { matchesRegex } from './regex-match.ts';
import { headerValue, isGrpc, type MeshRequest, pathAlone, queryValue } from './request.ts';

/** One thing that a route asks of a request. */
export interface Condition {
	/** Undefined: it cannot be told here. */
	readonly isMet: boolean | undefined;
	/** What is so if it is not met. */
	readonly why: string;
}

export function httpConditions(match: HttpRoute['match'], request: MeshRequest): Condition[] {
	const { method, scheme, headers = [], queryParameters = [] } = match;
	return [
		pathCondition(match, request),
		...(method === undefined ? [] : [sameText('method', request.method, method)]),
		...(scheme === undefined ? [] : [sameText('scheme', request.scheme, scheme)]),
		...headers.map((header) => headerCondition('header', header, request)),
		...queryParameters.map(({ name, match: { exact } = {} }) => {
			const found = queryValue(request, name);
			if (found === undefined) return missing('query parameter', name);
			return exact === undefined ? met : sameText(`query parameter ${shown(name)}`, found, exact);
		}),
	];
}

export function grpcConditions(
	{ serviceName, methodName, metadata = [] }: GrpcRoute['match'],
	request: MeshRequest,
): Condition[] {
	const path = pathAlone(request);
	const service = serviceName === undefined ? '/' : `/${serviceName}/`;
	const whole = methodName === undefined ? undefined : `${service}${methodName}`;
	const wanted = whole === undefined ? `one of ${service}` : whole;
	return [
		{ isMet: isGrpc(request), why: 'it is no gRPC request' },
		{
			isMet: whole === undefined ? path.startsWith(service) : path === whole,
			why: `the call is ${shown(path)}, not ${shown(wanted)}`,
		},
		...metadata.map((each) => headerCondition('metadata', each, request)),
	];
}

function pathCondition(
	{ prefix = '/', path }: Pick<HttpRoute['match'], 'prefix' | 'path'>,
	request: MeshRequest,
): Condition {
	const own = pathAlone(request);
	if (path?.exact !== undefined) return sameText('path', own, path.exact);
	if (path?.regex !== undefined) return regexCondition('path', own, path.regex);
	return { isMet: own.startsWith(prefix), why: `the path ${shown(own)} does not begin with ${shown(prefix)}` };
}

const met: Condition = { isMet: true, why: '' };

const missing = (what: string, name: string): Condition => ({
	isMet: false,
	why: `there is no ${what} ${shown(name)}`,
});

const sameText = (what: string, found: string, wanted: string): Condition => ({
	isMet: found === wanted,
	why: `the ${what} is ${shown(found)}, not ${shown(wanted)}`,
});

const regexCondition = (what: string, found: string, regex: string): Condition => ({
	isMet: matchesRegex(regex, found),
	why: `the ${what} ${shown(found)} does not match ${quote(regex)} as a whole`,
});

/** With `invert` too, a value is asked for where there is a `match`. */
function headerCondition(what: string, header: Header, request: MeshRequest): Condition {
	const { name, match, invert = false } = header;
	const found = headerValue(request, name);
	if (found === undefined && name.toLowerCase() === MADE_BY_ENVOY) return madeByEnvoy(what, header);
	if (match === undefined) {
		const why = invert ? `there is a ${what} ${shown(name)}` : missing(what, name).why;
		return { isMet: (found === undefined) === invert, why };
	}
	if (found === undefined) return missing(what, name);
	const plain = valueCondition(`${what} ${shown(name)}`, found, match);
	if (!invert) return plain;
	const isMet = plain.isMet === undefined ? undefined : !plain.isMet;
	return { isMet, why: `the ${what} ${shown(name)} is ${shown(found)}, which the route excludes` };
}

/** A request that has none gets one, with a random value, before routes are tried. */
const MADE_BY_ENVOY = 'x-request-id';

const madeByEnvoy = (what: string, { name, match, invert = false }: Header): Condition => ({
	isMet: match === undefined ? !invert : undefined,
	why: `Envoy gives each request a ${what} ${name}`,
});

function valueCondition(what: string, found: string, match: NonNullable<Header['match']>): Condition {
	const { exact, prefix, suffix, regex, range } = match;
	const is = `the ${what} is ${shown(found)}, which`;
	if (prefix !== undefined)
		return { isMet: found.startsWith(prefix), why: `${is} does not begin with ${shown(prefix)}` };
	if (suffix !== undefined) return { isMet: found.endsWith(suffix), why: `${is} does not end with ${shown(suffix)}` };
	if (regex !== undefined) return regexCondition(what, found, regex);
	if (range === undefined) return sameText(what, found, exact ?? '');
	const number = /^[+-]?\d+$/.test(found) ? BigInt(found) : undefined;
	const isMet = number !== undefined && number >= BigInt(range.start) && number < BigInt(range.end);
	return { isMet, why: `${is} is no number from ${range.start} to below ${range.end}` };
}

import { quote, shown } from '../../lib/escape.ts';
import type { GatewayRouteKind } from '../gateway-route-kind.ts';
import type { RouteKind } from '../route-kind.ts';
import type { GrpcRoute, Header, HttpRoute, RouteSpec } from '../schema/route.ts';

/** What a route takes, on one line: `GET prefix /metrics, header version exact "2"`. */
export function matchText(kind: RouteKind | GatewayRouteKind | undefined): string {
	if (kind === undefined) return 'everything';
	const port = kind.route.match?.port;
	const parts = [...conditions(kind), ...(port === undefined ? [] : [`port ${port}`])];
	return parts.length === 0 ? 'everything' : parts.join(', ');
}

function conditions(kind: RouteKind | GatewayRouteKind): string[] {
	switch (kind.key) {
		case 'httpRoute':
		case 'http2Route':
			return httpConditions(kind.route.match);
		case 'grpcRoute':
			return grpcConditions(kind.route.match);
		case 'tcpRoute':
			return [];
	}
}

type Hostname = NonNullable<GatewayRouteKind['route']['match']['hostname']>;

function httpConditions(match: HttpRoute['match'] & { readonly hostname?: Hostname }): string[] {
	const { method, scheme, prefix, path, headers, queryParameters } = match;
	const start = [method, prefix === undefined ? undefined : `prefix ${shown(prefix)}`].filter(
		(part) => part !== undefined,
	);
	return [
		...(start.length === 0 ? [] : [start.join(' ')]),
		...hostText(match.hostname),
		...(scheme === undefined ? [] : [`scheme ${scheme}`]),
		...Object.entries(path ?? {}).map(([how, text]) => `path ${how} ${shown(text)}`),
		...(headers ?? []).map((header) => headerText('header', header)),
		...(queryParameters ?? []).map(({ name, match }) => `query ${shown(name)}${valueText(match)}`),
	];
}

const hostText = (hostname: Hostname | undefined): string[] =>
	Object.entries(hostname ?? {}).map(([how, text]) => `host ${how} ${shown(text)}`);

const grpcConditions = ({
	serviceName,
	methodName,
	metadata,
	hostname,
}: GrpcRoute['match'] & { readonly hostname?: Hostname }): string[] => [
	...(serviceName === undefined ? [] : [`service ${shown(serviceName)}`]),
	...(methodName === undefined ? [] : [`method ${shown(methodName)}`]),
	...hostText(hostname),
	...(metadata ?? []).map((each) => headerText('metadata', each)),
];

const headerText = (what: string, { name, match, invert }: Header): string =>
	`${invert === true ? 'not ' : ''}${what} ${shown(name)}${valueText(match)}`;

type Match = NonNullable<Header['match']>;

function valueText(match: Partial<Record<'exact', string>> | Match | undefined): string {
	const { range, ...texts }: Partial<Match> = match ?? {};
	if (range !== undefined) return ` from ${range.start} to ${range.end}`;
	return Object.entries(texts)
		.map(([how, text]) => ` ${how} ${quote(text)}`)
		.join('');
}

const EXTRAS = ['retryPolicy', 'timeout'] as const;
const extraNames = { retryPolicy: 'with retries', timeout: 'with timeouts' } as const;

/** What a route does beside sending on. */
export const extrasText = (spec: RouteSpec): string => {
	const route = spec.httpRoute ?? spec.http2Route ?? spec.grpcRoute ?? spec.tcpRoute;
	const names = EXTRAS.filter((extra) => route !== undefined && extra in route).map((extra) => extraNames[extra]);
	return names.length === 0 ? '' : `, ${names.join(', ')}`;
};

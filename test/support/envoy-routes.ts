// What Envoy's documentation says of route configurations, for those of its fields that we render: an answer of its own to
// which clusters a request goes.
export interface RoutedRequest {
	readonly host: string;
	/** Normalized. */
	readonly path: string;
	/** In small letters, `:method` and `:scheme` among them. */
	readonly headers: Readonly<Record<string, string>>;
}

interface TextMatch {
	readonly exact?: string;
	readonly prefix?: string;
	readonly suffix?: string;
	readonly safeRegex?: { readonly regex: string };
}

interface HeaderMatch {
	readonly name: string;
	readonly stringMatch?: TextMatch;
	readonly rangeMatch?: { readonly start: string; readonly end: string };
	readonly presentMatch?: boolean;
	readonly invertMatch?: boolean;
}

interface Match extends TextMatch {
	readonly path?: string;
	readonly grpc?: object;
	readonly headers?: readonly HeaderMatch[];
	readonly queryParameters?: readonly { readonly name: string; readonly stringMatch?: TextMatch }[];
}

interface Route {
	readonly match: Match;
	readonly route: {
		readonly cluster?: string;
		readonly weightedClusters?: { readonly clusters: readonly { readonly name: string; readonly weight: number }[] };
	};
}

export interface RouteConfiguration {
	readonly virtualHosts?: readonly { readonly domains: readonly string[]; readonly routes: readonly Route[] }[];
}

/** None: Envoy answers with 404. */
export function clustersOf({ virtualHosts = [] }: RouteConfiguration, request: RoutedRequest): readonly string[] {
	const has = (domain: string) =>
		virtualHosts.find(({ domains }) => domains.some((each) => each.toLowerCase() === domain));
	const found = (has(request.host.toLowerCase()) ?? has('*'))?.routes.find(({ match }) => isMatched(match, request));
	const { cluster, weightedClusters } = found?.route ?? {};
	if (cluster !== undefined) return [cluster];
	return (weightedClusters?.clusters ?? []).filter(({ weight }) => weight > 0).map(({ name }) => name);
}

function isMatched(
	{ path, grpc, headers = [], queryParameters = [], ...text }: Match,
	request: RoutedRequest,
): boolean {
	const url = new URL(`http://host${request.path}`);
	const isCall = request.headers['content-type']?.startsWith('application/grpc') === true;
	return (
		(path === undefined ? isText(text, url.pathname) : path === url.pathname) &&
		(grpc === undefined || isCall) &&
		headers.every((each) => isHeader(each, request.headers[each.name.toLowerCase()])) &&
		queryParameters.every(({ name, stringMatch }) => {
			const value = url.searchParams.get(name);
			return value !== null && (stringMatch === undefined || isText(stringMatch, value));
		})
	);
}

const isText = ({ exact, prefix, suffix, safeRegex }: TextMatch, text: string): boolean =>
	(exact === undefined || text === exact) &&
	text.startsWith(prefix ?? '') &&
	text.endsWith(suffix ?? '') &&
	(safeRegex === undefined || new RegExp(`^(?:${safeRegex.regex})$`).test(text));

function isHeader({ stringMatch, rangeMatch, invertMatch = false }: HeaderMatch, value: string | undefined): boolean {
	if (stringMatch === undefined && rangeMatch === undefined) return (value !== undefined) !== invertMatch;
	if (value === undefined) return false;
	const isIn = rangeMatch && /^-?\d+$/.test(value) && Number(rangeMatch.start) <= Number(value);
	const isMet =
		rangeMatch === undefined
			? isText(stringMatch ?? {}, value)
			: isIn === true && Number(value) < Number(rangeMatch.end);
	return isMet !== invertMatch;
}

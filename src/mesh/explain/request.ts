/** A request as Envoy has it once it has read and normalized it. */
export interface MeshRequest {
	readonly method: string;
	readonly scheme: 'http' | 'https';
	/** The `Host`, of HTTP/2 the `:authority`; it may have a port. */
	readonly host: string;
	/** With its query. */
	readonly path: string;
	/** By their names in small letters. */
	readonly headers: ReadonlyMap<string, string>;
}

/** A gRPC call is a request like any other. */
export const grpcHeaders = [
	['content-type', 'application/grpc'],
	['te', 'trailers'],
] as const;

export const isGrpc = ({ headers }: MeshRequest): boolean =>
	/^application\/grpc(\+|$)/.test(headers.get('content-type') ?? '');

/** Without its query. */
export const pathAlone = ({ path }: Pick<MeshRequest, 'path'>): string => path.replace(/\?.*$/s, '');

/** As Envoy reads them: names have no case, values no spaces around them, and those of one name are one list. */
export function headersOf(all: readonly (readonly [name: string, value: string])[]): ReadonlyMap<string, string> {
	const byName = Map.groupBy(all, ([name]) => name.toLowerCase());
	return new Map([...byName].map(([name, own]) => [name, own.map(([, value]) => value.trim()).join(',')]));
}

/** Over plain HTTP/1.1 Envoy takes a client's word for it. */
export const schemeOf = (headers: ReadonlyMap<string, string>, isTls: boolean): MeshRequest['scheme'] => {
	const told = headers.get('x-forwarded-proto');
	if (told === 'http' || told === 'https') return told;
	return isTls ? 'https' : 'http';
};

/** What a condition of a route looks at; Envoy's own headers too. */
export function headerValue(request: MeshRequest, name: string): string | undefined {
	const own: Readonly<Record<string, string>> = {
		...{ ':method': request.method, ':scheme': request.scheme, ':path': request.path },
		...{ ':authority': request.host, host: request.host },
		'x-forwarded-proto': request.headers.get('x-forwarded-proto') ?? request.scheme,
	};
	const key = name.toLowerCase();
	return Object.hasOwn(own, key) ? own[key] : request.headers.get(key);
}

/** The first of this name. Nothing in it is decoded. */
export function queryValue({ path }: MeshRequest, name: string): string | undefined {
	const at = path.indexOf('?');
	const parts = at === -1 ? [] : path.slice(at + 1).split('&');
	const pairs = parts.map((part) => /^([^=]*)=?(.*)$/s.exec(part));
	return pairs.find((pair) => pair?.[1] === name)?.[2];
}

/**
 * As Envoy's `normalize_path` and `merge_slashes` leave it: `.` and `..` are gone, `%41` is `A`, `//` is `/`. The query stays
 * as it is.
 */
export function normalizedPath(path: string): string {
	const [, before = '', query = ''] = /^([^?]*)(.*)$/s.exec(path) ?? [];
	if (!before.startsWith('/')) return path;
	const { pathname } = new URL(`http://host${before}`);
	const decoded = pathname.replace(/%([0-9A-Fa-f]{2})/g, (escaped, code: string) => {
		const character = String.fromCharCode(Number.parseInt(code, 16));
		return /[0-9A-Za-z_~-]/.test(character) ? character : escaped;
	});
	return decoded.replace(/\/{2,}/g, '/') + query;
}

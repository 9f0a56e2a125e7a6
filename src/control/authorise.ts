import { quote } from '../lib/escape.ts';
import { lastForwarded } from './forwarded.ts';

/** All that a signature covers, and nothing that is made of it: who may be a stranger reaches no parser. */
interface AccessRequest {
	readonly method: string;
	/** Path and query as they were sent. */
	readonly target: string;
	/** Names and values by turns, as they were sent. */
	readonly rawHeaders: readonly string[];
	readonly body: Uint8Array;
	/** It changes nothing. */
	readonly isRead: boolean;
}

export interface Principal {
	/** For the audit. */
	readonly name: string;
	/**
	 * Why it may not do an action, as policies name it (`appmesh:CreateVirtualNode`), to a resource, an ARN or `*`; undefined: it
	 * may.
	 */
	readonly denies: (action: string, resource: string) => string | undefined;
}

/** `refused`: for whoever asks. */
type Identified = Principal | { readonly refused: string };

/** Whose request it is, before anybody looks at what it asks for. */
export type Authorise = (request: AccessRequest) => Identified | Promise<Identified>;

/** Without keys: whoever reaches the socket, or the loopback, may do everything. */
export const anyone: Principal = { name: 'anyone on this host', denies: () => undefined };

/**
 * Not the pages of a browser on this host whose name was made to lead to the loopback (DNS rebinding): they say which host
 * they mean.
 */
export const withoutKeys: Authorise = ({ rawHeaders }) => {
	const refused = foreignHost(rawHeaders);
	return refused === undefined ? anyone : { refused };
};

/** Why a request that was meant for another host, or comes from one by a proxy, is refused; undefined: it is of this one. */
export function foreignHost(rawHeaders: readonly string[]): string | undefined {
	const [host = ''] = valuesOf(rawHeaders, 'host');
	if (!isLoopback(host.replace(/:\d+$/, '')))
		return `without keys only this host itself is answered, not ${quote(host)}: call it localhost or 127.0.0.1`;
	const from = lastForwarded(valuesOf(rawHeaders, 'x-forwarded-for').join());
	if (from === undefined || isLoopback(from)) return undefined;
	return `without keys only this host itself is answered, not ${quote(from)}, for whom a proxy asks: start it with --keys`;
}

const valuesOf = (rawHeaders: readonly string[], name: string): string[] =>
	rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);

/** A host of a URL, or an address. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

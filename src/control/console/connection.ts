import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../authorise.ts';
import { lastForwarded } from '../forwarded.ts';

/** How a browser has come here, also by a proxy that ends its TLS. */
export interface Connection {
	/** Undefined: it comes by a unix socket. */
	readonly address: string | undefined;
	/** The browser has asked by https. */
	readonly isHttps: boolean;
	/** Nobody else can read it: it is encrypted, or within this host. */
	readonly isPrivate: boolean;
}

type Request = Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } };

/** What a browser says of its page is believed: it could only harm itself. */
export function connectionOf({ headers, socket }: Request): Connection {
	const { remoteAddress: peer } = socket;
	const { protocol, hostname } = pageOf(headers.origin);
	const isEncrypted = 'encrypted' in socket;
	const isHttps = isEncrypted || protocol === 'https:';
	const isFromHere = peer === undefined || isLoopback(peer.replace(/^::ffff:/, ''));
	const isPageOfHere = isHttps || hostname === undefined || isLoopback(hostname);
	const address = (isFromHere ? lastForwarded(String(headers['x-forwarded-for'] ?? '')) : undefined) ?? peer;
	return { address, isHttps, isPrivate: isEncrypted || (isFromHere && isPageOfHere) };
}

function pageOf(origin = ''): { readonly protocol?: string; readonly hostname?: string } {
	return URL.canParse(origin) ? new URL(origin) : {};
}

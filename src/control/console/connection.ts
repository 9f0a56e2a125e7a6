import type { IncomingMessage } from 'node:http';
import { isIpLiteral } from '../../values/ip-literal.ts';
import { isLoopback } from '../authorise.ts';

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
	const address = (isFromHere ? lastForwarded(headers['x-forwarded-for']) : undefined) ?? peer;
	return { address, isHttps, isPrivate: isEncrypted || (isFromHere && isPageOfHere) };
}

function pageOf(origin = ''): { readonly protocol?: string; readonly hostname?: string } {
	return URL.canParse(origin) ? new URL(origin) : {};
}

/** Whom a proxy of this host has seen: it adds that at the end. */
function lastForwarded(value: string | string[] | undefined): string | undefined {
	const last = String(value ?? '')
		.split(',')
		.at(-1)
		?.trim();
	return last !== undefined && isIpLiteral(last) ? last : undefined;
}

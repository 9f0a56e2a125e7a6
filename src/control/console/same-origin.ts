import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

export const isRead = ({ method }: Pick<IncomingMessage, 'method'>): boolean => method === 'GET' || method === 'HEAD';

/**
 * Whether it is the page itself that asks, and no other one that the same browser shows. Browsers say so of what changes
 * something: by Origin, and where they trust the connection by Sec-Fetch-Site.
 */
export function isFromOwnPage({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
	if (site !== undefined && site !== 'same-origin') return false;
	if (origin === undefined) return site !== undefined;
	return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Reading, where a browser says nothing of it: another page could not read the answer. */
export const mayRead = ({ 'sec-fetch-site': site }: IncomingHttpHeaders): boolean =>
	site === undefined || site === 'same-origin' || site === 'none';

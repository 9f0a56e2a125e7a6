import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { quote } from '../../lib/escape.ts';

export const isRead = ({ method }: Pick<IncomingMessage, 'method'>): boolean => method === 'GET' || method === 'HEAD';

/**
 * Why it is not the page itself that asks, but another one that the same browser shows; undefined: it is. Browsers that
 * trust the connection say so by Sec-Fetch-Site, which no page can set, and others by Origin.
 */
export function foreignPage({ origin, host = '', 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
	if (site === 'same-origin') return undefined;
	if (site !== undefined || origin === undefined) return 'another page asks for this';
	if (URL.canParse(origin) && new URL(origin).host === host.toLowerCase()) return undefined;
	return `another page asks for this: one of ${quote(origin)} asks ${quote(host)}; a proxy has to pass on Host as it is`;
}

/** Reading, where a browser says nothing of it: another page could not read the answer. */
export const mayRead = ({ 'sec-fetch-site': site }: IncomingHttpHeaders): boolean =>
	site === undefined || site === 'same-origin' || site === 'none';

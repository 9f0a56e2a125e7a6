import type { IncomingMessage } from 'node:http';

const NAME = 'turnout-console';
const scope = 'HttpOnly; SameSite=Strict; Path=/console';

/** Within this host it may go without TLS. */
export const cookieFor = (token: string, isEncrypted: boolean): string =>
	`${NAME}=${token}; ${scope}${isEncrypted ? '; Secure' : ''}`;

export const noCookie = `${NAME}=; ${scope}; Max-Age=0`;

export const tokensOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string[] =>
	(headers.cookie ?? '').split(/; */).flatMap((pair) => {
		const [name, token] = pair.split('=', 2);
		return name === NAME && token !== undefined && token !== '' ? [token] : [];
	});

import type { IncomingMessage } from 'node:http';

const NAME = 'turnout-console';
/** Without a path it is for the folder that was asked: /console, or what a proxy calls it. */
const scope = 'HttpOnly; SameSite=Strict';

/** `isHttps`: so the browser has asked. Within this host it may go without. */
export const cookieFor = (token: string, isHttps: boolean): string =>
	`${NAME}=${token}; ${scope}${isHttps ? '; Secure' : ''}`;

export const noCookie = `${NAME}=; ${scope}; Max-Age=0`;

export const tokensOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string[] =>
	(headers.cookie ?? '').split(/; */).flatMap((pair) => {
		const [name, token] = pair.split('=', 2);
		return name === NAME && token !== undefined && token !== '' ? [token] : [];
	});

import type { HttpReply } from '../http-reply.ts';

/** The files of the page by name, as they were built. */
export type Assets = ReadonlyMap<string, Uint8Array>;

const types: Readonly<Record<string, string>> = {
	html: 'text/html; charset=utf-8',
	js: 'text/javascript; charset=utf-8',
	css: 'text/css; charset=utf-8',
	svg: 'image/svg+xml',
};

/** All but the page itself have a hash of their content in their name. */
const FOREVER = 'public, max-age=31536000, immutable';
const PAGE = 'index.html';

/** `name`: below /console/; undefined: there is none of this name. */
export function assetReply(assets: Assets, name: string): HttpReply | undefined {
	const file = name === '' ? PAGE : name;
	const body = assets.get(file);
	const type = types[/[^.]+$/.exec(file)?.[0] ?? ''];
	if (body === undefined || type === undefined) return undefined;
	return {
		status: 200,
		headers: { 'content-type': type, 'cache-control': file === PAGE ? 'no-cache' : FOREVER },
		body,
	};
}

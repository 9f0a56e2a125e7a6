import type { IncomingMessage, RequestListener } from 'node:http';
import { failureJson, failureOf } from '../failure.ts';

/** What is answered beside App Mesh's API, for monitoring, for the console and for `turnout control status`. */
export interface Page {
	readonly type: string;
	readonly render: () => Promise<string>;
}

/** By path. */
export type Pages = ReadonlyMap<string, Page>;

export const STATUS_PAGE = '/control/v1/status';
export const METRICS_PAGE = '/metrics';

export const findPage = (pages: Pages, { method, url = '' }: IncomingMessage): Page | undefined =>
	method === 'GET' ? pages.get(url.replace(/\?.*$/, '')) : undefined;

/** For a socket that has nothing else; whoever may connect to it may see them. */
export const answerPages =
	(pages: Pages): RequestListener =>
	(request, reply) => {
		const page = findPage(pages, request);
		if (page === undefined) {
			reply.writeHead(404).end(`known: ${[...pages.keys()].join(', ')}\n`);
			return;
		}
		page.render().then(
			(text) => reply.writeHead(200, { 'content-type': page.type }).end(text),
			(error) => reply.writeHead(500, { 'content-type': 'application/json' }).end(failureJson(failureOf(error))),
		);
	};

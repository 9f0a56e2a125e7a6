// The console beside the API on a unix socket, and a browser's requests to it.

import { type IncomingMessage, request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type { AccessKeys } from '../../src/control/access/access-keys.ts';
import { authoriseByKey } from '../../src/control/access/authorise-by-key.ts';
import { withoutKeys } from '../../src/control/authorise.ts';
import { createConsole } from '../../src/control/console/console.ts';
import type { ConsoleOptions } from '../../src/control/console/console-options.ts';
import { CSRF_HEADER } from '../../src/mesh/console-protocol.ts';
import { createFakeClock } from './fake-clock.ts';
import { createMemoryHistory } from './memory-history.ts';
import { createMemoryStore } from './memory-store.ts';
import { serveApi } from './served-api.ts';

export interface BrowserReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
	readonly text: string;
	// biome-ignore lint/suspicious/noExplicitAny: whatever the console has answered
	readonly json: any;
}

export interface BrowserCall {
	readonly body?: object | string;
	readonly headers?: Readonly<Record<string, string>>;
}

/** Of a page of its own host, which keeps its cookie and its token. */
export interface Browser {
	readonly ask: (method: string, path: string, call?: BrowserCall) => Promise<BrowserReply>;
	readonly signIn: (accessKeyId: string, secretAccessKey: string) => Promise<BrowserReply>;
	/** What it goes on with, as anybody could who has seen it. */
	cookie: string;
	csrfToken: string;
}

export async function serveConsole(keys?: () => AccessKeys, more: Partial<ConsoleOptions> = {}) {
	const store = createMemoryStore();
	const clock = createFakeClock();
	const history = createMemoryHistory();
	const owner = { account: '123456789012', region: 'eu-west-1' };
	const events: Record<string, unknown>[] = [];
	const refusals: string[] = [];
	const options: ConsoleOptions = {
		...{ assets: new Map([['index.html', Buffer.from('<!doctype html>')]]), store, owner, clock, keys, history },
		log: (level, event, fields) => void events.push({ level, event, ...fields }),
		onRefused: ({ reason }) => void refusals.push(reason),
		...more,
	};
	const authorise =
		keys === undefined ? withoutKeys : authoriseByKey({ keys, region: owner.region, onRefused: options.onRefused });
	const served = await serveApi({ store }, { authorise, pageOf: (perform) => createConsole(options, perform) });
	return {
		...{ store, clock, history, events, refusals, socket: served.socket },
		open: (host = 'localhost:8474') => openBrowser(served.socket, host),
		[Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
	};
}

function openBrowser(socketPath: string, host: string): Browser {
	const ask: Browser['ask'] = async (method, path, { body, headers = {} } = {}) => {
		const own = method === 'GET' ? {} : { origin: `http://${host}` };
		const all = {
			...{ host, 'sec-fetch-site': 'same-origin', [CSRF_HEADER]: browser.csrfToken, cookie: browser.cookie },
			...own,
			...headers,
		};
		const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
		const reply = await new Promise<IncomingMessage>((resolve, reject) => {
			const given = Object.entries(all).filter(([, value]) => value !== '');
			request({ socketPath, method, path, headers: Object.fromEntries(given), agent: false }, resolve)
				.on('error', reject)
				.end(sent);
		});
		const text = await textOf(reply);
		const isJson = reply.headers['content-type'] === 'application/json';
		return { status: reply.statusCode ?? 0, headers: reply.headers, text, json: isJson ? JSON.parse(text) : undefined };
	};
	const browser: Browser = {
		...{ ask, cookie: '', csrfToken: '' },
		async signIn(accessKeyId, secretAccessKey) {
			const reply = await ask('POST', '/console/session', { body: { accessKeyId, secretAccessKey } });
			browser.cookie = String(reply.headers['set-cookie'] ?? '').split(';')[0] ?? '';
			browser.csrfToken = reply.json.csrfToken ?? '';
			return reply;
		},
	};
	return browser;
}

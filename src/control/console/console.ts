import type { IncomingMessage } from 'node:http';
import type { HistoryReply, StateReply } from '../../console/protocol.ts';
import { ApiFailure } from '../api-failure.ts';
import type { Page } from '../api-server.ts';
import type { Principal } from '../authorise.ts';
import { failureReply, type HttpReply, jsonReply } from '../http-reply.ts';
import type { Perform } from '../perform.ts';
import { assetReply } from './assets.ts';
import type { ConsoleOptions } from './console-options.ts';
import { createGate } from './gate.ts';
import { mayRead } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';
import { eventsFor, resourcesReply, tagOf } from './shown-resources.ts';

/** The page that the browser shows, and what it asks for. All of it is below /console/. */
export function createConsole(options: ConsoleOptions, perform: Perform): Page {
	const gate = createGate(options);
	const answers: Readonly<Record<string, Answer>> = {
		'GET resources': async ({ query, principal }) =>
			jsonReply(200, resourcesReply(await options.store.list(), query.get('meshName') ?? undefined, { ...options, principal })),
		'GET state': async () => jsonReply(200, await stateOf(options)),
		'GET history': async ({ query, principal }) => jsonReply(200, await historyOf(options, query, principal)),
	};
	const api: Answer = async ({ request, body, query, principal }) => {
		const [method = '', target] = [request.method, query.get('target') ?? ''];
		const ifRevision = request.headers['if-match']?.replace(/^"|"$/g, '');
		const { status, value } = await perform({ method, target, body, ifRevision }, principal);
		return jsonReply(status, value);
	};
	const answer = async (request: IncomingMessage, body: Buffer): Promise<HttpReply | undefined> => {
		const { method = '' } = request;
		const { path, query } = parsedTarget(request.url ?? '');
		if (path === '/' || path === '/console') return isRead(method) ? redirect : undefined;
		if (!path.startsWith('/console/')) return undefined;
		const name = path.slice('/console/'.length);
		const asset = isRead(method) ? assetReply(options.assets, name) : undefined;
		if (asset !== undefined) return asset;
		if (name === 'session') return gate.session(request, body);
		const found = name === 'api' ? api : answers[`${method} ${name}`];
		if (found === undefined || !mayRead(request.headers)) throw nothing(method, path);
		const isUse = !query.has('idle');
		const entered = gate.enter(request, { isUse, isChange: !isRead(method) });
		return 'status' in entered ? entered : found({ request, body, query, principal: entered });
	};
	return async (request, body) => {
		const reply = await answer(request, body).catch((error: unknown) => failureReply(options.log, error));
		return reply && { ...reply, headers: { ...securityHeaders, ...reply.headers } };
	};
}

type Answer = (asked: {
	readonly request: IncomingMessage;
	readonly body: Buffer;
	readonly query: URLSearchParams;
	readonly principal: Principal;
}) => Promise<HttpReply>;

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

const redirect: HttpReply = { status: 302, headers: { location: '/console/' }, body: '' };

function parsedTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
	const [path = '', query = ''] = target.split('?', 2);
	return { path, query: new URLSearchParams(query) };
}

const nothing = (method: string, path: string): ApiFailure =>
	new ApiFailure('UnknownOperationException', `the console has no ${method} ${path.slice(0, 80)}`, 'see /console/');

const stateOf = async ({ store, nodes }: ConsoleOptions): Promise<StateReply> => ({
	tag: tagOf(await store.list()),
	...(nodes === undefined ? {} : { nodes: nodes() }),
});

const MOST_EVENTS = 1_000;

async function historyOf({ history }: ConsoleOptions, query: URLSearchParams, principal: Principal): Promise<HistoryReply> {
	if (history === undefined) return {};
	const limit = Number(query.get('limit') ?? 100);
	if (!Number.isInteger(limit) || limit < 1 || limit > MOST_EVENTS)
		throw new ApiFailure('BadRequestException', 'limit is no such number', `a whole number from 1 to ${MOST_EVENTS}`);
	return { events: eventsFor(await history.latest(limit), principal) };
}

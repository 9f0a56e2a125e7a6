import type { IncomingMessage } from 'node:http';
import type { HistoryReply, StateReply } from '../../mesh/console-protocol.ts';
import { ApiFailure } from '../api-failure.ts';
import type { Page } from '../api-server.ts';
import type { Principal } from '../authorise.ts';
import { failureReply, type HttpReply, jsonReply } from '../http-reply.ts';
import type { Perform } from '../perform.ts';
import { assetReply } from './assets.ts';
import type { ConsoleOptions } from './console-options.ts';
import { createGate } from './gate.ts';
import { isRead } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';
import { eventsFor, nodesFor, resourcesReply, tagOf } from './shown-resources.ts';

/** The page that the browser shows, and what it asks for. All of it is below /console/. */
export function createConsole(options: ConsoleOptions, perform: Perform): Page {
	const gate = createGate(options);
	const answers: Readonly<Record<string, Answer>> = {
		'GET resources': async ({ query, principal }) =>
			jsonReply(
				200,
				resourcesReply(await options.store.list(), query.get('meshName') ?? undefined, { ...options, principal }),
			),
		'GET state': async ({ principal }) => jsonReply(200, await stateOf(options, principal)),
		'GET history': async ({ query, principal }) => jsonReply(200, await historyOf(options, query, principal)),
	};
	const api: Answer = async ({ request, body, query, principal }) => {
		const [method = '', target] = [request.method, query.get('target') ?? ''];
		const ifRevision = request.headers['if-match']?.replace(/^"|"$/g, '');
		const { status, value } = await perform({ method, target, body, ifRevision }, principal);
		return jsonReply(status, value);
	};
	const asked = (name: string, query: URLSearchParams, request: IncomingMessage, body: Buffer) => {
		const found = name === 'api' ? api : answers[`${request.method} ${name}`];
		if (found === undefined) throw nothing(request);
		const entered = gate.enter(request, !query.has('idle'));
		return 'status' in entered ? entered : found({ request, body, query, principal: entered });
	};
	const below = (name: string, query: URLSearchParams, request: IncomingMessage, body: Buffer) => {
		const asset = isRead(request) ? assetReply(options.assets, name) : undefined;
		return asset ?? (name === 'session' ? gate.session(request, body) : asked(name, query, request, body));
	};
	const answer = async (request: IncomingMessage, body: Buffer): Promise<HttpReply | undefined> => {
		const { path, query } = parsedTarget(request.url ?? '');
		if (path.startsWith(BELOW)) return below(path.slice(BELOW.length), query, request, body);
		return isRead(request) && leading.includes(path) ? redirect : undefined;
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

const BELOW = '/console/';
/** What leads there. */
const leading = ['/', '/console'];

/** Relative, as a proxy may have it in a folder. */
const redirect: HttpReply = { status: 302, headers: { location: 'console/' }, body: '' };

function parsedTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
	const [path = '', query = ''] = target.split('?', 2);
	return { path, query: new URLSearchParams(query) };
}

const nothing = ({ method, url = '' }: IncomingMessage): ApiFailure =>
	new ApiFailure('UnknownOperationException', `the console has no ${method} ${url.slice(0, 80)}`, `see ${BELOW}`);

const stateOf = async ({ store, nodes, owner }: ConsoleOptions, principal: Principal): Promise<StateReply> => ({
	tag: tagOf(await store.list()),
	...(nodes === undefined ? {} : { nodes: nodesFor(nodes(), { owner, principal }) }),
});

const MOST_EVENTS = 1_000;

async function historyOf(
	{ history }: ConsoleOptions,
	query: URLSearchParams,
	principal: Principal,
): Promise<HistoryReply> {
	if (history === undefined) return {};
	const limit = Number(query.get('limit') ?? 100);
	if (!Number.isInteger(limit) || limit < 1 || limit > MOST_EVENTS)
		throw new ApiFailure('BadRequestException', 'limit is no such number', `a whole number from 1 to ${MOST_EVENTS}`);
	const found = await history.latest(limit + 1);
	return { events: eventsFor(found.slice(0, limit), principal), hasOlder: found.length > limit };
}

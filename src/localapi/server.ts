import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { RingBuffer } from '../lib/ring-buffer.ts';
import { createSingleFlight } from '../lib/single-flight.ts';
import { readText } from './body.ts';
import { bindSocket, keepListening } from './listen.ts';
import { type Handlers, METRICS_PATH, type Method, paths, type Stream, streams } from './protocol.ts';
import { sendError, tooMany, unknownPath, wrongVerb } from './send-error.ts';
import { createStreamer } from './stream.ts';
import { parseRequest, parseStreamQuery, refuseQuery } from './validate.ts';

/** Clients are trusted with the host's traffic; these limits only protect the daemon from their mistakes. */
const limits = {
	/** In bytes. */
	maxHeaderSize: 8 * 1024,
	headersTimeout: 5_000,
	requestTimeout: 5_000,
	/** Idle time between two requests. */
	keepAliveTimeout: 5_000,
	connectionsCheckingInterval: 5_000,
} as const;
const MOST_HEADERS = 64;
const MOST_CONNECTIONS = 1_024;
/** Changes run one after another, so more only queue up. */
const MOST_CHANGES = 64;
/** Timeout for a client to read its reply. */
const UNREAD_MS = 30_000;

export interface Service {
	readonly handlers: Handlers;
	/** Buffered lines, ready to be sent. */
	readonly kept: Readonly<Record<Stream, RingBuffer<string>>>;
	/** In Prometheus' text format. */
	readonly metrics: () => Promise<string>;
}

/** Serves HTTP/1.1 with JSON on a unix socket until the returned function is called. */
export async function serve(path: string, service: Service, signal: AbortSignal): Promise<() => Promise<void>> {
	const answer = createAnswer(service, signal);
	const server = createServer(limits, (request, reply) => {
		answer(request, reply).catch((error) => sendError(reply, error));
	});
	server.maxHeadersCount = MOST_HEADERS;
	server.maxConnections = MOST_CONNECTIONS;
	await bindSocket(server, path);
	const stopKeeping = keepListening(server, path);
	return () => {
		stopKeeping();
		return close(server);
	};
}

function close(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}

type Answer = (query: URLSearchParams, request: IncomingMessage, reply: ServerResponse) => Promise<void>;

function createAnswer(service: Service, signal: AbortSignal) {
	const routes = routesOf(service, signal);
	return async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
		const { pathname, searchParams } = urlOf(request.url ?? '');
		const route = routes.get(pathname);
		if (route === undefined) throw unknownPath(pathname);
		if (request.method !== route.verb) throw wrongVerb(request.method ?? '', pathname, route.verb);
		await route.answer(searchParams, request, reply);
	};
}

function routesOf(service: Service, signal: AbortSignal): ReadonlyMap<string, { verb: string; answer: Answer }> {
	const stream = createStreamer();
	const handle = createHandle(service.handlers, signal);
	const metrics = createSingleFlight(service.metrics);
	const routes = new Map<string, { verb: string; answer: Answer }>();
	for (const name of Object.keys(streams) as Stream[]) {
		const answer: Answer = async (query, _, reply) => stream(service.kept[name], parseStreamQuery(query), reply);
		routes.set(streams[name], { verb: 'GET', answer });
	}
	for (const method of Object.keys(paths) as Method[]) {
		const answer: Answer = async (query, request, reply) => {
			refuseQuery(query);
			const result = await handle(method, parseRequest(method, await readText(request)));
			send(reply, 'application/json', `${JSON.stringify(result)}\n`);
		};
		routes.set(paths[method].path, { verb: paths[method].verb, answer });
	}
	// Prometheus may be configured to add query parameters; they are ignored.
	return routes.set(METRICS_PATH, {
		verb: 'GET',
		answer: async (_, _request, reply) => send(reply, METRICS_TYPE, await metrics()),
	});
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

function send(reply: ServerResponse, type: string, text: string): void {
	reply.setTimeout(UNREAD_MS);
	reply.writeHead(200, { 'content-type': type }).end(text);
}

/** Concurrent identical GETs share one answer; the number of concurrent changes is limited. */
function createHandle(handlers: Handlers, signal: AbortSignal) {
	const call = (method: Method, body: object): Promise<unknown> => {
		const handle = handlers[method] as (body: object, signal: AbortSignal) => Promise<unknown>;
		return handle(body, signal);
	};
	const questions = new Map(
		(Object.keys(paths) as Method[]).flatMap((method) =>
			paths[method].verb === 'GET'
				? [[method, createSingleFlight(() => call(method, {}), restMs(method))] as const]
				: [],
		),
	);
	let changes = 0;
	return async (method: Method, body: object): Promise<unknown> => {
		const question = questions.get(method);
		if (question !== undefined) return question();
		if (changes >= MOST_CHANGES) throw tooMany(`${changes} changes are already in progress`);
		changes += 1;
		return call(method, body).finally(() => {
			changes -= 1;
		});
	};
}

/** `raw` starts programs; the pause keeps frequent callers from slowing down `status`. */
const restMs = (method: Method): number => (method === 'raw' ? 500 : 0);

/** A target that is not a valid URL is looked up literally, and not found. */
function urlOf(target: string): URL {
	return URL.parse(target, 'http://turnout') ?? new URL(`/${encodeURIComponent(target)}`, 'http://turnout');
}

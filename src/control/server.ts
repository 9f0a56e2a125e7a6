import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Failure, failureOf } from '../failure.ts';
import { quoted } from '../quoted.ts';
import type { Kept } from './kept.ts';
import { type ErrorReply, type Handlers, METRICS_PATH, type Method, paths, type Stream, streams } from './protocol.ts';
import { parseRequest } from './request.ts';
import { parseSince, SINCE_ALLOWED } from './since.ts';
import { listen } from './socket.ts';

const LARGEST_BODY = 64 * 1024;

export interface Service {
	readonly handlers: Handlers;
	/** Each as lines, ready to be sent. */
	readonly kept: Readonly<Record<Stream, Kept<string>>>;
	/** In Prometheus' text format. */
	readonly metrics: () => Promise<string>;
}

/** HTTP/1.1 and JSON on a unix socket, until the returned function is called. */
export async function serve(path: string, service: Service, signal: AbortSignal): Promise<() => Promise<void>> {
	const server = createServer((request, reply) => {
		answer(service, request, reply, signal).catch((error) => refuse(reply, error));
	});
	server.headersTimeout = 5_000;
	server.requestTimeout = 10_000;
	await listen(server, path);
	return () => close(server);
}

function close(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}

async function answer(service: Service, request: IncomingMessage, reply: ServerResponse, signal: AbortSignal) {
	const url = urlOf(request.url ?? '');
	const stream = (Object.keys(streams) as Stream[]).find((name) => streams[name] === url.pathname);
	if (stream !== undefined && request.method !== 'GET') throw wrongVerb(request.method ?? '', url.pathname, 'GET');
	if (stream !== undefined) return pour(service.kept[stream], url.searchParams, reply);
	if (url.pathname === METRICS_PATH) return tellMetrics(service, request.method ?? '', reply);
	const method = (Object.keys(paths) as Method[]).find((name) => paths[name].path === url.pathname);
	if (method === undefined) throw unknownPath(url.pathname);
	if (paths[method].verb !== request.method) throw wrongVerb(request.method ?? '', url.pathname, paths[method].verb);
	const body = parseRequest(method, await readBody(request));
	const handle = service.handlers[method] as (body: object, signal: AbortSignal) => Promise<unknown>;
	const result = await handle(body, signal);
	reply.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(result)}\n`);
}

async function tellMetrics({ metrics }: Service, verb: string, reply: ServerResponse): Promise<void> {
	if (verb !== 'GET') throw wrongVerb(verb, METRICS_PATH, 'GET');
	const text = await metrics();
	reply.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
}

/** What is no path of ours, or of anybody's, is looked up as it stands. */
function urlOf(target: string): URL {
	return URL.parse(target, 'http://turnout') ?? new URL(`/${encodeURIComponent(target)}`, 'http://turnout');
}

async function readBody(request: IncomingMessage): Promise<string> {
	const parts: Buffer[] = [];
	let size = 0;
	for await (const part of request as AsyncIterable<Buffer>) {
		size += part.length;
		if (size > LARGEST_BODY)
			throw new HttpFailure(413, 'Cannot take the request: its body is over 64 KiB', 'Send less');
		parts.push(part);
	}
	return Buffer.concat(parts).toString('utf8');
}

/** Whoever reads too slowly is cut off: what happens on the host does not wait for readers. */
function pour(kept: Kept<string>, query: URLSearchParams, reply: ServerResponse): void {
	const tail = query.get('tail');
	if (tail !== null && !/^\d{1,6}$/.test(tail))
		throw new HttpFailure(400, `Cannot take the request: tail is "${tail}"`, 'Allowed: a number of lines');
	const since = query.get('since');
	const sinceMs = since === null ? undefined : parseSince(since, Date.now());
	if (since !== null && sinceMs === undefined)
		throw new HttpFailure(400, `Cannot take the request: since is ${quoted(since)}`, `Allowed: ${SINCE_ALLOWED}`);
	reply.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
	for (const line of kept.last(tail === null ? undefined : Number(tail), sinceMs)) reply.write(`${line}\n`);
	if (query.get('follow') !== '1') return void reply.end();
	reply.flushHeaders();
	const stop = kept.listen((line) => {
		if (reply.writableLength > 1024 * 1024) reply.destroy();
		else reply.write(`${line}\n`);
	});
	reply.on('close', stop);
}

/** A failure of the request itself, with the status code that says so. */
class HttpFailure extends Failure {
	readonly status: number;
	constructor(status: number, message: string, remedy: string) {
		super('usage', message, remedy);
		this.status = status;
	}
}

function unknownPath(path: string): HttpFailure {
	const known = [...Object.values(paths).map((entry) => entry.path), ...Object.values(streams), METRICS_PATH];
	return new HttpFailure(404, `Cannot answer: there is no ${path.slice(0, 80)}`, `Known: ${known.join(', ')}`);
}

const wrongVerb = (verb: string, path: string, right: string): HttpFailure =>
	new HttpFailure(405, `Cannot answer: ${path} takes no ${verb}`, `Use ${right}`);

function refuse(reply: ServerResponse, error: unknown): void {
	const { code, message, remedy } = failureOf(error);
	const body: ErrorReply = { error: { code, message, remedy } };
	if (reply.headersSent) return void reply.destroy();
	const status = error instanceof HttpFailure ? error.status : code === 'usage' ? 400 : 500;
	reply.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(`${JSON.stringify(body)}\n`);
}

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { readBody } from '../lib/read-body.ts';
import type { ApiContext } from './api.ts';
import { ApiFailure } from './api-failure.ts';
import type { Authorise, Principal } from './authorise.ts';
import { findOperation } from './find-operation.ts';
import { failureReply, type HttpReply, jsonReply } from './http-reply.ts';
import { boundConnections } from './make-room.ts';
import { findPage, type Pages } from './pages.ts';
import { createPerform, type Perform } from './perform.ts';

/** As for the daemon's socket: they protect the server from mistakes. Headers are larger, as a signature is one. */
const limits = {
	...{ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 },
	...{ keepAliveTimeout: 30_000, connectionsCheckingInterval: 5_000 },
} as const;
const MOST_CONNECTIONS = 1_024;
/** Of a connection: who does not read an answer would else hold it for ever. Clients wait for a minute for theirs. */
const STALLED_MS = 75_000;
/** Above all that a resource within the API's bounds has. */
const LARGEST_BODY = 1024 * 1024;

/** What is served beside the API; undefined: the request is none of its own. */
export type Page = (request: IncomingMessage, body: Buffer) => Promise<HttpReply | undefined>;

export interface ServerOptions {
	readonly authorise: Authorise;
	/** What is answered beside the API, to whoever may list all meshes. */
	readonly pages?: Pages;
	/** What knows its clients by itself. */
	readonly pageOf?: (perform: Perform) => Page;
	/** Undefined: in plain text. */
	readonly tls?: SecureContextOptions | undefined;
	/** How long nothing may go over a connection in either direction. */
	readonly stalledMs?: number;
	readonly mostConnections?: number;
}

/** App Mesh's REST API. It does not listen yet. */
export function createApiServer(context: ApiContext, options: ServerOptions): Server {
	const { authorise, pages = new Map(), pageOf = () => async () => undefined, tls } = options;
	const perform = createPerform(context);
	const page = pageOf(perform);
	const answer = async (request: IncomingMessage, asked: Asked): Promise<HttpReply> => {
		const body = await readBody(request, LARGEST_BODY);
		if (body === undefined) throw new ApiFailure('BadRequestException', `the body has over ${LARGEST_BODY} bytes`);
		const shown = await page(request, body);
		if (shown !== undefined) return shown;
		const principal = await identified(authorise, request, body);
		const named = findPage(pages, request);
		if (named !== undefined) return pageReply(named, principal);
		const { method = '', url: target = '' } = request;
		asked.operation = findOperation(method, target).operation.name;
		const { status, value } = await perform({ method, target, body, ifRevision: undefined }, principal);
		return jsonReply(status, value);
	};
	const listen: RequestListener = (request, reply) => {
		const asked: Asked = { operation: 'none' };
		const startedMs = context.clock.nowMs();
		reply.setHeader('x-amzn-requestid', randomUUID());
		answer(request, asked)
			// Who has hung up within the body reads no answer.
			.catch((error) => (hasHungUp(request) ? undefined : failureReply(context.log, error)))
			.then((found) => (found === undefined ? reply.destroy() : send(reply, found)))
			.finally(() => context.requests.add(asked.operation, reply.statusCode, context.clock.nowMs() - startedMs));
	};
	const { stalledMs = STALLED_MS } = options;
	const handshakeTimeout = Math.min(stalledMs, limits.headersTimeout);
	const server =
		tls === undefined
			? createServer(limits, listen)
			: createTlsServer({ ...limits, ...tls, handshakeTimeout, minVersion: 'TLSv1.2' }, listen);
	boundConnections(server, options.mostConnections ?? MOST_CONNECTIONS);
	server.timeout = stalledMs;
	return server;
}

/** Of a request: told once it is known. */
interface Asked {
	operation: string;
}

async function pageReply(
	{ type, render }: { readonly type: string; readonly render: () => Promise<string> },
	{ denies }: Principal,
): Promise<HttpReply> {
	const denial = denies('appmesh:ListMeshes', '*');
	if (denial !== undefined) throw new ApiFailure('ForbiddenException', denial);
	return { status: 200, headers: { 'content-type': type }, body: await render() };
}

async function identified(authorise: Authorise, request: IncomingMessage, body: Uint8Array): Promise<Principal> {
	const { method = '', url: target = '', rawHeaders } = request;
	const found = await authorise({ method, target, rawHeaders, body, isRead: method === 'GET' });
	if ('refused' in found) throw new ApiFailure('ForbiddenException', found.refused);
	return found;
}

const hasHungUp = ({ destroyed, complete }: IncomingMessage): boolean => destroyed && !complete;

function send(reply: ServerResponse, { status, headers, body }: HttpReply): void {
	// What is left of a body that was too large is not read.
	if (!reply.req.complete) reply.setHeader('connection', 'close');
	reply.writeHead(status, headers).end(body);
}

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type Failure, failureOf } from '../failure.ts';
import { readBody } from '../lib/read-body.ts';
import { type ApiContext, createApi, resourceOf } from './api.ts';
import { type ApiError, ApiFailure, apiErrors, apiMessage } from './api-failure.ts';
import type { Authorise, Principal } from './authorise.ts';
import { parseBody } from './check-input.ts';
import { findOperation } from './find-operation.ts';
import { findPage, type Pages } from './pages.ts';

/** As for the daemon's socket: they protect the server from mistakes. Headers are larger, as a signature is one. */
const limits = {
	...{ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 },
	...{ keepAliveTimeout: 30_000, connectionsCheckingInterval: 5_000 },
} as const;
const MOST_CONNECTIONS = 1_024;
/** Above all that a resource within the API's bounds has. */
const LARGEST_BODY = 1024 * 1024;

export interface ServerOptions {
	readonly authorise: Authorise;
	/** What is answered beside the API, to whoever may list all meshes. */
	readonly pages?: Pages;
	/** Undefined: in plain text. */
	readonly tls?: SecureContextOptions | undefined;
}

/** App Mesh's REST API. It does not listen yet. */
export function createApiServer(context: ApiContext, options: ServerOptions): Server {
	const { authorise, pages = new Map(), tls } = options;
	const api = createApi(context);
	const handle = async (request: IncomingMessage, reply: ServerResponse, asked: Asked): Promise<void> => {
		const body = await readBody(request, LARGEST_BODY);
		if (body === undefined) throw new ApiFailure('BadRequestException', `the body has over ${LARGEST_BODY} bytes`);
		const principal = await identified(authorise, request, body);
		const page = findPage(pages, request);
		if (page !== undefined) {
			forbid(principal.denies('appmesh:ListMeshes', '*'));
			return sendText(reply, 200, page.type, await page.render());
		}
		const found = findOperation(request.method ?? '', request.url ?? '');
		asked.operation = found.operation.name;
		const parsed = parseBody(body.toString('utf8'));
		forbid(principal.denies(`appmesh:${found.operation.name}`, resourceOf(context, found, parsed)));
		send(reply, found.operation.status, await api({ found, body: parsed, principal }));
	};
	const answer: RequestListener = (request, reply) => {
		const asked: Asked = { operation: 'none' };
		const startedMs = context.clock.nowMs();
		reply.setHeader('x-amzn-requestid', randomUUID());
		handle(request, reply, asked)
			.catch((error) => sendFailure(context, reply, error))
			.finally(() => context.requests.add(asked.operation, reply.statusCode, context.clock.nowMs() - startedMs));
	};
	const server =
		tls === undefined
			? createServer(limits, answer)
			: createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, answer);
	server.maxConnections = MOST_CONNECTIONS;
	return server;
}

/** Of a request: told once it is known. */
interface Asked {
	operation: string;
}

function forbid(denial: string | undefined): void {
	if (denial !== undefined) throw new ApiFailure('ForbiddenException', denial);
}

async function identified(authorise: Authorise, request: IncomingMessage, body: Uint8Array): Promise<Principal> {
	const { method = '', url: target = '', rawHeaders } = request;
	const found = await authorise({ method, target, rawHeaders, body, isRead: method === 'GET' });
	if ('refused' in found) throw new ApiFailure('ForbiddenException', found.refused);
	return found;
}

const send = (reply: ServerResponse, status: number, value: object): void =>
	sendText(reply, status, 'application/json', JSON.stringify(value));

function sendText(reply: ServerResponse, status: number, type: string, text: string): void {
	reply.writeHead(status, { 'content-type': type }).end(text);
}

/** Both of what clients look for: AWS's SDKs read the header first, and others the body. */
function sendFailure({ log }: Pick<ApiContext, 'log'>, reply: ServerResponse, error: unknown): void {
	// Who has hung up within the body reads no answer.
	if (reply.headersSent || (reply.req.destroyed && !reply.req.complete)) return void reply.destroy();
	const failure = failureOf(error);
	const type = typeOf(failure);
	const status = apiErrors[type];
	if (status >= 500) log('error', 'request failed', { type, why: failure.message, remedy: failure.remedy });
	reply.setHeader('x-amzn-errortype', type);
	// What is left of a body that was too large is not read.
	if (!reply.req.complete) reply.setHeader('connection', 'close');
	send(reply, status, { __type: type, message: apiMessage(failure) });
}

/** What the disk refuses may go another time. */
function typeOf(failure: Failure): ApiError {
	if (failure instanceof ApiFailure) return failure.type;
	return failure.code === 'internal' ? 'InternalServerErrorException' : 'ServiceUnavailableException';
}

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readBody } from '../lib/read-body.ts';
import type { ApiContext } from './api.ts';
import { ApiFailure } from './api-failure.ts';
import type { Authorise, Principal } from './authorise.ts';
import { failureReply, type HttpReply, jsonReply } from './http-reply.ts';
import { createPerform, type Perform } from './perform.ts';

/** As for the daemon's socket: they protect the server from mistakes. Headers are larger, as a signature is one. */
const limits = {
	...{ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 },
	...{ keepAliveTimeout: 30_000, connectionsCheckingInterval: 5_000 },
} as const;
const MOST_CONNECTIONS = 1_024;
/** Above all that a resource within the API's bounds has. */
const LARGEST_BODY = 1024 * 1024;

/** What is served beside the API; undefined: the request is none of its own. */
export type Page = (request: IncomingMessage, body: Buffer) => Promise<HttpReply | undefined>;

/** App Mesh's REST API. It does not listen yet. */
export function createApiServer(
	context: ApiContext,
	authorise: Authorise,
	pageOf: (perform: Perform) => Page = () => async () => undefined,
): Server {
	const perform = createPerform(context);
	const page = pageOf(perform);
	const answer = async (request: IncomingMessage): Promise<HttpReply> => {
		const body = await readBody(request, LARGEST_BODY);
		if (body === undefined) throw new ApiFailure('BadRequestException', `the body has over ${LARGEST_BODY} bytes`);
		const shown = await page(request, body);
		if (shown !== undefined) return shown;
		const principal = await identified(authorise, request, body);
		const { method = '', url: target = '' } = request;
		const { status, value } = await perform({ method, target, body, ifRevision: undefined }, principal);
		return jsonReply(status, value);
	};
	const server = createServer(limits, (request, reply) => {
		reply.setHeader('x-amzn-requestid', randomUUID());
		answer(request)
			// Who has hung up within the body reads no answer.
			.catch((error) => (hasHungUp(request) ? undefined : failureReply(context.log, error)))
			.then((found) => (found === undefined ? reply.destroy() : send(reply, found)));
	});
	server.maxConnections = MOST_CONNECTIONS;
	return server;
}

async function identified(authorise: Authorise, request: IncomingMessage, body: Uint8Array): Promise<Principal> {
	const { method = '', url: target = '', rawHeaders } = request;
	const found = await authorise({ method, target, rawHeaders, body });
	if ('refused' in found) throw new ApiFailure('ForbiddenException', found.refused);
	return found;
}

const hasHungUp = ({ destroyed, complete }: IncomingMessage): boolean => destroyed && !complete;

function send(reply: ServerResponse, { status, headers, body }: HttpReply): void {
	// What is left of a body that was too large is not read.
	if (!reply.req.complete) reply.setHeader('connection', 'close');
	reply.writeHead(status, headers).end(body);
}

import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { Failure, type FailureCode } from '../failure.ts';
import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { type Client, type ErrorReply, type FollowOptions, type Method, paths, streams } from './protocol.ts';

/**
 * Client of the daemon's socket. Calls reject with a Failure of code `not-running` if no daemon answers before
 * `timeout` is aborted.
 */
export function createClient(socket: string, timeout?: AbortSignal): Client {
	requirePath(socket);
	const methods = Object.keys(paths) as Method[];
	const calls = methods.map((method) => [method, (body: object) => call(socket, method, body, timeout)]);
	return {
		...(Object.fromEntries(calls) as Omit<Client, 'follow'>),
		follow: (stream, options, onLine) => followStream(socket, streams[stream], options, onLine),
	};
}

async function followStream(
	socket: string,
	path: string,
	{ follow, tail, since, signal }: FollowOptions,
	onLine: (line: string) => void,
): Promise<void> {
	const query = new URLSearchParams({
		follow: follow ? '1' : '0',
		...(tail === undefined ? {} : { tail: String(tail) }),
		...(since === undefined ? {} : { since }),
	});
	const reply = await send(socket, 'GET', `${path}?${query}`, undefined, signal);
	if (reply.statusCode !== 200) throw errorOf(await textOf(reply, socket), socket);
	try {
		for await (const line of linesOf(reply, socket)) onLine(line);
	} catch (error) {
		// A stopping daemon resets its streams: that is their end, not a failure.
		if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
	}
}

/** Node would take an empty path for a TCP port, and longer paths do not fit sun_path (unix(7)). */
function requirePath(socket: string): void {
	const tooLong = `it is longer than ${LONGEST_SOCKET_PATH} bytes`;
	const why = socket === '' ? 'it is empty' : Buffer.byteLength(socket) > LONGEST_SOCKET_PATH ? tooLong : '';
	if (why === '') return;
	throw new Failure(
		'config',
		`Cannot use socket (TURNOUT_SOCKET, --socket): ${why}`,
		`Allowed: an absolute path of at most ${LONGEST_SOCKET_PATH} bytes`,
	);
}

async function call(socket: string, method: Method, body: object, timeout?: AbortSignal): Promise<unknown> {
	const { verb, path } = paths[method];
	const reply = await send(socket, verb, path, verb === 'POST' ? JSON.stringify(body) : undefined, timeout);
	const text = await textOf(reply, socket);
	if (reply.statusCode === 408) throw late();
	if (reply.statusCode !== 200) throw errorOf(text, socket);
	return parsed(text, socket);
}

function send(socketPath: string, method: string, path: string, body?: string, signal?: AbortSignal) {
	return new Promise<IncomingMessage>((resolve, reject) => {
		// An agent would look for a server's name in the host: that compiles a large expression, a tenth of a cold `status`.
		const createConnection = () => connect(socketPath);
		const options = { createConnection, method, path, ...(signal === undefined ? {} : { signal }) };
		const call: ClientRequest = request(options, resolve);
		call.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error)));
		call.end(body);
	});
}

/** Several times the size of all rules of a host: a longer reply is not from our daemon. */
const LARGEST_REPLY = 64 * 1024 * 1024;
/** Lines of Envoy are truncated long before. */
const LONGEST_LINE = 1024 * 1024;

async function textOf(reply: IncomingMessage, socket: string): Promise<string> {
	const parts: Buffer[] = [];
	let size = 0;
	for await (const part of reply as AsyncIterable<Buffer>) {
		size += part.length;
		if (size > LARGEST_REPLY) throw strange(socket, `its reply is longer than ${LARGEST_REPLY} bytes`);
		parts.push(part);
	}
	return Buffer.concat(parts).toString('utf8');
}

async function* linesOf(reply: IncomingMessage, socket: string): AsyncGenerator<string> {
	let rest = '';
	for await (const part of reply.setEncoding('utf8') as AsyncIterable<string>) {
		const lines = (rest + part).split('\n');
		rest = lines.pop() ?? '';
		yield* lines;
		if (rest.length > LONGEST_LINE) throw strange(socket, `a line of its reply is longer than ${LONGEST_LINE} bytes`);
	}
	if (rest !== '') yield rest;
}

function parsed(text: string, socket: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw strange(socket, 'its reply is not JSON', cause);
	}
}

function errorOf(text: string, socket: string): Failure {
	const { error } = (parsed(text, socket) ?? {}) as Partial<ErrorReply>;
	if (typeof error?.message !== 'string') return strange(socket, "its reply is not one of turnout's");
	return new Failure(error.code as FailureCode, error.message, error.remedy);
}

/** Node's server answers so, without a body, what has not arrived in time. */
const late = (): Failure =>
	new Failure(
		'resources',
		'Cannot ask the daemon: the request has not reached it in time, as this host is too busy',
		'Try again',
	);

const strange = (socket: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'socket',
		`Cannot understand the reply on ${socket}: ${why}`,
		'Check which program owns the socket; for another socket: --socket or TURNOUT_SOCKET',
		cause,
	);

function unreachable(socket: string, error: NodeJS.ErrnoException): Failure {
	if (error.code === 'EACCES')
		return new Failure(
			'permission',
			`Cannot reach the daemon: no permission for its socket ${socket}`,
			'Use sudo, or join the group turnout',
			error,
		);
	return new Failure(
		'not-running',
		`Cannot reach the daemon: nothing answers on ${socket}`,
		'Start it with `turnout run` or `systemctl start turnout`; for another socket: --socket or TURNOUT_SOCKET',
		error,
	);
}

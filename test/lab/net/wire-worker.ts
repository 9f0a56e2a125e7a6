// Acts on import: the servers and clients of wire-peer.ts, of one user on one host. Arguments: uid, gid. Each line of standard
// input is an order, each line of standard output its answer; both are JSON with an id.
import { createServer as createHttpServer, request } from 'node:http';
import {
	type ClientHttp2Stream,
	connect,
	createServer as createHttp2Server,
	createSecureServer,
	type IncomingHttpHeaders,
	type ServerHttp2Stream,
} from 'node:http2';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type {
	Http2Answer,
	Http2Server,
	Http2Target,
	IdleTarget,
	SocketTarget,
	WireOrder,
	WireServer,
} from './wire-peer.ts';

const [uid, gid] = process.argv.slice(-2).map(Number);
if (gid !== undefined && !Number.isNaN(gid) && gid > 0) {
	process.setgroups?.([]);
	process.setgid?.(gid);
}
if (uid !== undefined && !Number.isNaN(uid) && uid > 0) process.setuid?.(uid);

const PATIENCE_MS = 5_000;

const sick = new Set<string>();
const seen = new Map<string, number>();

const listen = (server: Pick<Server, 'listen' | 'on'>, { address, port }: WireServer): Promise<null> =>
	new Promise((resolve, reject) => {
		server.on('error', reject);
		server.listen(port, address, () => resolve(null));
	});

/** As gRPC has it: not compressed, the length, the bytes. */
function framed(message: string): Buffer {
	const bytes = Buffer.from(message);
	const head = Buffer.alloc(5);
	head.writeUInt32BE(bytes.length, 1);
	return Buffer.concat([head, bytes]);
}

/** Hands on each whole message that has arrived. */
function createUnframe(onMessage: (message: string) => void): (part: Buffer) => void {
	let rest = Buffer.alloc(0);
	return (part) => {
		rest = Buffer.concat([rest, part]);
		while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
			const end = 5 + rest.readUInt32BE(1);
			onMessage(rest.subarray(5, end).toString());
			rest = rest.subarray(end);
		}
	};
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;

function respondGrpc(stream: ServerHttp2Stream): void {
	stream.respond(GRPC, { waitForTrailers: true });
	stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
}

/** grpc.health.v1.HealthCheckResponse: field 1, SERVING or NOT_SERVING. */
function answerHealth(stream: ServerHttp2Stream, name: string): void {
	respondGrpc(stream);
	const status = String.fromCharCode(sick.has(name) ? 2 : 1);
	stream.end(framed(`\x08${status}`));
}

function answerGrpc(stream: ServerHttp2Stream, name: string): void {
	respondGrpc(stream);
	stream.on(
		'data',
		createUnframe((message) => stream.write(framed(`${name}: ${message}`))),
	);
	stream.on('end', () => stream.end());
}

function http2Answerer({ name, delayMs = 0, grpcStatuses = [] }: Http2Server) {
	const first = [...grpcStatuses];
	return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
		stream.on('error', () => undefined);
		const path = headers[':path'];
		if (path === '/grpc.health.v1.Health/Check') return answerHealth(stream, name);
		if (path === '/health') return void stream.respond({ ':status': sick.has(name) ? 503 : 200 }, { endStream: true });
		seen.set(name, (seen.get(name) ?? 0) + 1);
		const isGrpc = headers['content-type'] === 'application/grpc';
		const status = isGrpc ? first.shift() : undefined;
		setTimeout(() => {
			if (stream.destroyed) return;
			if (status !== undefined) return stream.respond({ ...GRPC, 'grpc-status': `${status}` }, { endStream: true });
			if (isGrpc) return answerGrpc(stream, name);
			stream.respond({ ':status': 200 });
			stream.end(`${name} by HTTP/2`);
		}, delayMs);
	};
}

function isEnded({ address, port, say, withinMs }: IdleTarget): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connectTcp(port, address, () => socket.write(say));
		const timer = setTimeout(() => end(false), withinMs);
		const end = (isOver: boolean) => {
			clearTimeout(timer);
			socket.destroy();
			resolve(isOver);
		};
		socket.resume();
		socket.on('end', () => end(true));
		socket.on('error', () => end(true));
	});
}

function echo(socket: Socket, name: string): void {
	socket.on('error', () => socket.destroy());
	socket.write(name);
	socket.on('data', (heard) => socket.write(heard));
}

function call({ address, port, host, path, messages, headers = {}, tls }: Http2Target): Promise<Http2Answer> {
	return new Promise((resolve) => {
		const session =
			tls === undefined
				? connect(`http://${address}:${port}`)
				: connect(`https://${address}:${port}`, { ...tls, rejectUnauthorized: false });
		const answer = { status: 0, body: '', messages: [] as string[], grpcStatus: '' };
		const end = (more: Partial<Http2Answer> = {}) => {
			session.destroy();
			resolve({ ...answer, ...more });
		};
		session.on('error', (error) => end({ body: error.message }));
		const isGrpc = messages !== undefined;
		const kind = isGrpc ? { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' } : {};
		const stream = session.request({ ':authority': host, ':path': path, ...kind, ...headers }, { endStream: !isGrpc });
		stream.setTimeout(PATIENCE_MS, () => end({ body: 'timeout' }));
		stream.on('error', (error) => end({ body: error.message }));
		stream.on('response', (got) => {
			Object.assign(answer, { status: got[':status'] ?? 0, grpcStatus: got['grpc-status'] ?? '' });
		});
		stream.on('trailers', (got) => Object.assign(answer, { grpcStatus: got['grpc-status'] ?? '' }));
		stream.on('end', () => end());
		if (isGrpc) talkGrpc(stream, messages, answer.messages);
		else
			stream.on('data', (part) => {
				answer.body += part;
			});
	});
}

/** The next message is said when the last was answered, so that the stream is seen to go both ways. */
function talkGrpc(stream: ClientHttp2Stream, messages: readonly string[], heard: string[]): void {
	const left = [...messages];
	const sayNext = () => {
		const next = left.shift();
		if (next === undefined) return;
		stream.write(framed(next));
		// A call of one message is at its end with it, as those of gRPC's own clients.
		if (left.length === 0) stream.end();
	};
	const unframe = createUnframe((message) => {
		heard.push(message);
		sayNext();
	});
	stream.on('data', unframe);
	sayNext();
}

function converse({ address, port, host, path = '/', say, tls }: SocketTarget): Promise<readonly string[]> {
	return new Promise((resolve) => {
		const heard: string[] = [];
		const left = [...say];
		const talk = (socket: Socket, first: Buffer = Buffer.alloc(0)) => {
			const hear = (part: Buffer) => {
				heard.push(`${part}`);
				const next = left.shift();
				if (next === undefined) resolve(heard);
				else socket.write(next);
			};
			if (first.length > 0) hear(first);
			socket.on('data', hear);
			socket.on('error', () => resolve([...heard, 'error']));
			socket.on('close', () => resolve([...heard, 'closed']));
		};
		if (tls !== undefined) return talk(connectTls({ ...tls, port, host: address, rejectUnauthorized: false }));
		if (host === undefined) return talk(connectTcp(port, address));
		const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
		const asked = request({ host: address, port, path, headers: { host, ...upgrade }, agent: false });
		asked.on('upgrade', (_, socket, first) => talk(socket as Socket, first));
		asked.on('response', ({ statusCode }) => resolve([`${statusCode}`]));
		asked.on('error', (error) => resolve([error.message]));
		asked.end();
	});
}

const orders: {
	readonly [K in WireOrder['kind']]: (order: Extract<WireOrder, { readonly kind: K }>) => Promise<unknown>;
} = {
	http2(server) {
		const http2 = server.tls === undefined ? createHttp2Server() : createSecureServer(server.tls);
		http2.on('stream', http2Answerer(server));
		return listen(http2, server);
	},
	websocket(server) {
		const http = createHttpServer((_, answer) => answer.end('no websocket'));
		http.on('upgrade', (_, socket) => {
			socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
			echo(socket as Socket, server.name);
		});
		return listen(http, server);
	},
	open(server) {
		const hear = (socket: Socket) => echo(socket, server.name);
		return listen(server.tls === undefined ? createServer(hear) : createTlsServer(server.tls, hear), server);
	},
	async health({ name, isWell }) {
		if (isWell) sick.delete(name);
		else sick.add(name);
	},
	seen: async ({ name }) => seen.get(name) ?? 0,
	idle: ({ target }) => isEnded(target),
	call: ({ target }) => call(target),
	converse: ({ target }) => converse(target),
};

for await (const line of createInterface({ input: process.stdin })) {
	const order = JSON.parse(line) as WireOrder;
	void (orders[order.kind] as (order: WireOrder) => Promise<unknown>)(order)
		.then(
			(result) => ({ id: order.id, result: result ?? null }),
			(error: Error) => ({ id: order.id, error: error.message }),
		)
		.then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit();

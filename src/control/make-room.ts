import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Connections {
	readonly open: Map<unknown, Socket>;
	/** Those that are not owed an answer, the one first that has not been for the longest time. */
	readonly waiting: Map<unknown, Socket>;
}

/**
 * Bounds the connections of a server: for one more that one is closed which has asked for nothing as a whole for the longest
 * time. Whoever only holds connections, or sends a little now and then, keeps nobody else away.
 */
export function boundConnections(server: Server, most: number): void {
	const own: Connections = { open: new Map(), waiting: new Map() };
	server.on('connection', (socket: Socket) => {
		enter(own, socket);
		const [oldest] = own.waiting.values();
		if (own.open.size > most) oldest?.destroy();
	});
	server.on('request', (request, reply) => owe(own, request, reply));
}

function enter({ open, waiting }: Connections, socket: Socket): void {
	const key = keyOf(socket);
	for (const among of [open, waiting]) among.set(key, socket);
	socket.once('close', () => {
		for (const among of [open, waiting]) among.delete(key);
	});
}

/** From the end of its request to that of the answer. */
function owe({ open, waiting }: Connections, request: IncomingMessage, reply: ServerResponse): void {
	const key = keyOf(request.socket);
	request.once('end', () => waiting.delete(key));
	reply.once('close', () => {
		const socket = open.get(key);
		if (socket !== undefined) waiting.set(key, socket);
	});
}

/** Requests come by a socket of TLS, which is another object. A unix socket has no TLS, and no port. */
const keyOf = (socket: Socket): unknown =>
	socket.remotePort === undefined ? socket : `${socket.remoteAddress} ${socket.remotePort}`;

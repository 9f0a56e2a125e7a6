import type { Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Above what a change takes, unless etcd is in trouble. */
const GRACE_MS = 10_000;

/**
 * Ends a server once: whoever has asked for something as a whole is answered first, within a time. Nobody is waited for who has
 * asked for nothing yet, or for a part of something: Node's own `close` waits for those without end.
 */
export function createEnding(server: Server, graceMs: number = GRACE_MS): () => Promise<void> {
	const underWay = new Map<ServerResponse, Promise<void>>();
	server.on('request', (_request, reply: ServerResponse) => {
		const { promise, resolve } = Promise.withResolvers<void>();
		underWay.set(reply, promise);
		reply.once('close', () => {
			underWay.delete(reply);
			resolve();
		});
	});
	return async () => {
		const closed = new Promise<void>((resolve) => {
			server.close(() => resolve());
		});
		const answered = [...underWay].flatMap(([{ req }, whenAnswered]) => (req.complete ? [whenAnswered] : []));
		const enough = new AbortController();
		const patience = sleep(graceMs, undefined, { signal: enough.signal }).catch(() => undefined);
		await Promise.race([Promise.all(answered), patience]);
		enough.abort();
		server.closeAllConnections();
		await closed;
	};
}

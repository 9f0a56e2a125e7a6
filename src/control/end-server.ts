import type { Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Above what a change takes, unless etcd is in trouble. */
const GRACE_MS = 10_000;

/**
 * Ends a server once: whoever has asked for something as a whole is answered first, within a time. Nobody is waited for who has
 * asked for nothing yet, or for a part of something: Node's own `close` waits for those without end.
 */
export function createEnding(server: Server, graceMs: number = GRACE_MS): () => Promise<void> {
	const underWay = noteReplies(server);
	return async () => {
		const closed = new Promise<void>((resolve) => {
			server.close(() => resolve());
		});
		const asked = [...underWay].flatMap(([{ req }, whenAnswered]) => (req.complete ? [whenAnswered] : []));
		await within(graceMs, Promise.all(asked));
		server.closeAllConnections();
		await closed;
	};
}

/** Each with a promise that it is answered, or that the client is gone. */
function noteReplies(server: Server): ReadonlyMap<ServerResponse, Promise<void>> {
	const underWay = new Map<ServerResponse, Promise<void>>();
	server.on('request', (_request, reply: ServerResponse) => {
		const answered = new Promise<void>((resolve) => {
			reply.once('close', resolve);
		});
		underWay.set(reply, answered);
		void answered.then(() => underWay.delete(reply));
	});
	return underWay;
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
	const enough = new AbortController();
	const patience = sleep(ms, undefined, { signal: enough.signal }).catch(() => undefined);
	await Promise.race([done, patience]);
	enough.abort();
}

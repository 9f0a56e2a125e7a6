import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RingBuffer } from '../lib/ring-buffer.ts';
import { tooMany } from './send-error.ts';
import type { StreamQuery } from './validate.ts';

const MOST_FOLLOWERS = 64;
/** In characters. */
const MOST_UNREAD = 256 * 1024;
const UNREAD_MS = 30_000;

export type Streamer = (kept: RingBuffer<string>, query: StreamQuery, reply: ServerResponse) => Promise<void>;

/** Streams buffered and new lines. A client that reads too slowly is disconnected: lines are not buffered per client. */
export function createStreamer(): Streamer {
	let followers = 0;
	return async (kept, query, reply) => {
		if (query.isFollowed && followers >= MOST_FOLLOWERS) throw tooMany(`there are already ${followers} followers`);
		const reader = createReader(reply);
		if (!query.isFollowed) return sendKept(kept, query, reader).then(() => void reply.end());
		followers += 1;
		await follow(kept, query, reader).finally(() => {
			followers -= 1;
		});
	};
}

async function sendKept(kept: RingBuffer<string>, { tail, sinceMs }: StreamQuery, { write }: Reader): Promise<void> {
	for (const line of kept.last(tail, sinceMs)) await write(line);
}

/** Sends the buffered lines, then new ones, until the reader leaves or falls behind. */
async function follow(kept: RingBuffer<string>, query: StreamQuery, reader: Reader): Promise<void> {
	const coming: string[] = [];
	let unread = 0;
	const leave = kept.listen((line) => {
		unread += line.length;
		if (unread > MOST_UNREAD) reader.disconnect();
		else coming.push(line);
		reader.notify();
	});
	try {
		await sendKept(kept, query, reader);
		while (!reader.hasLeft()) {
			const line = coming.shift();
			if (line === undefined) await reader.woken();
			else await reader.write(line);
			unread -= line?.length ?? 0;
		}
	} finally {
		leave();
	}
}

type Reader = ReturnType<typeof createReader>;

function createReader(reply: ServerResponse) {
	let bell = Promise.withResolvers<void>();
	const left = new AbortController();
	reply.once('close', () => {
		left.abort();
		bell.resolve();
	});
	reply.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
	reply.flushHeaders();
	return {
		hasLeft: () => left.signal.aborted,
		disconnect: () => void reply.destroy(),
		/** Resolves when there is room for the next line or the reader has left. */
		async write(line: string): Promise<void> {
			if (left.signal.aborted || reply.write(`${line}\n`)) return;
			const late = setTimeout(() => reply.destroy(), UNREAD_MS).unref();
			await once(reply, 'drain', { signal: left.signal }).catch(() => undefined);
			clearTimeout(late);
		},
		notify: () => bell.resolve(),
		/** Resolves at the next `notify`, at once if there was one since the last call or the reader has left. */
		async woken(): Promise<void> {
			await bell.promise;
			if (!left.signal.aborted) bell = Promise.withResolvers<void>();
		},
	};
}

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Kept } from '../lib/ring-buffer.ts';
import { tooMany } from './send-error.ts';
import type { Portion } from './validate.ts';

const MOST_FOLLOWERS = 64;
/** In characters. */
const MOST_UNREAD = 256 * 1024;
const UNREAD_MS = 30_000;

export type Pour = (kept: Kept<string>, portion: Portion, reply: ServerResponse) => Promise<void>;

/** Whoever reads too slowly is cut off: what happens on the host does not wait for readers, nor is it kept for them. */
export function createPour(): Pour {
	let followers = 0;
	return async (kept, portion, reply) => {
		if (portion.isFollowed && followers >= MOST_FOLLOWERS) throw tooMany(`${followers} follow already`);
		const reader = createReader(reply);
		if (!portion.isFollowed) return pourKept(kept, portion, reader).then(() => void reply.end());
		followers += 1;
		await follow(kept, portion, reader).finally(() => {
			followers -= 1;
		});
	};
}

async function pourKept(kept: Kept<string>, { tail, sinceMs }: Portion, { write }: Reader): Promise<void> {
	for (const line of kept.last(tail, sinceMs)) await write(line);
}

/** The kept lines first, then those that come, until the reader leaves or falls behind. */
async function follow(kept: Kept<string>, portion: Portion, reader: Reader): Promise<void> {
	const coming: string[] = [];
	let unread = 0;
	const leave = kept.listen((line) => {
		unread += line.length;
		if (unread > MOST_UNREAD) reader.cutOff();
		else coming.push(line);
		reader.wake();
	});
	try {
		await pourKept(kept, portion, reader);
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
		cutOff: () => void reply.destroy(),
		/** Resolves when there is room for the next one, or nobody for it. */
		async write(line: string): Promise<void> {
			if (left.signal.aborted || reply.write(`${line}\n`)) return;
			const late = setTimeout(() => reply.destroy(), UNREAD_MS).unref();
			await once(reply, 'drain', { signal: left.signal }).catch(() => undefined);
			clearTimeout(late);
		},
		wake: () => bell.resolve(),
		/** At once if woken since the last time, and once the reader has left. */
		async woken(): Promise<void> {
			await bell.promise;
			if (!left.signal.aborted) bell = Promise.withResolvers<void>();
		},
	};
}

// A pull as turnout's own socket tells of it, drawn while it goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { progressLine } from '../../src/cli/pull-progress.ts';
import type { PullStatus, Status } from '../../src/status/types.ts';
import { createKeptClient } from '../bench/kept-client.ts';
import type { Screen } from './screen.ts';

const LOOK_MS = 40;
const COLUMNS = 79;

export interface Watched<T> {
	readonly value: T;
	/** What came by the last pull; '' where there was none. */
	readonly pulled: string;
}

/** Shows every pull until the work is done. */
export async function watchingPull<T>(screen: Screen, socket: string, work: Promise<T>): Promise<Watched<T>> {
	const done = new AbortController();
	const watching = watch(screen, socket, done.signal);
	try {
		const value = await work;
		done.abort();
		return { value, pulled: await watching };
	} finally {
		done.abort();
	}
}

async function watch(screen: Screen, socket: string, signal: AbortSignal): Promise<string> {
	using client = createKeptClient(socket);
	const seen: { pull?: PullStatus; firstMs: number; lastMs: number } = { firstMs: 0, lastMs: 0 };
	while (!signal.aborted) {
		const pull = await client.get('/v1/status').then(pullIn, () => undefined);
		if (pull !== undefined) {
			const nowMs = performance.now();
			Object.assign(seen, { pull, firstMs: seen.firstMs || nowMs, lastMs: nowMs });
			if (screen.isLive) screen.tell(progressLine(pull, COLUMNS));
		}
		await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
	}
	return seen.pull === undefined ? '' : textOf(seen.pull, seen.lastMs - seen.firstMs);
}

const pullIn = (status: string): PullStatus | undefined => (JSON.parse(status) as Status).envoy.pull;

function textOf({ layers }: PullStatus, ms: number): string {
	const megabytes = layers.reduce((sum, { total }) => sum + total, 0) / 1e6;
	return `${layers.length} layers, ${megabytes.toFixed(1)} MB in ${(ms / 1_000).toFixed(1)} s`;
}

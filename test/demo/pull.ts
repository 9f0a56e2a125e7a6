// A pull as turnout's own socket tells of it, drawn while it goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { progressLine } from '../../src/cli/pull-progress.ts';
import { createClient } from '../../src/localapi/client.ts';
import type { PullStatus } from '../../src/status/types.ts';
import type { Screen } from './screen.ts';

const LOOK_MS = 40;
const COLUMNS = 79;
/** turnout asks a registry that is away again and again, which nobody wants to watch for ever. */
const PATIENCE_MS = 180_000;

/** Shows every pull until the work is done; returns its result, and what came by the last pull. */
export async function showPull<T>(screen: Screen, socket: string, work: Promise<T>): Promise<readonly [T, string]> {
	const done = new AbortController();
	const watching = watch(screen, socket, done.signal);
	// Whoever rejects first is heard: the watch does when its patience ends.
	const value = await Promise.race([work, watching.then(() => work)]).finally(() => done.abort());
	return [value, await watching];
}

async function watch(screen: Screen, socket: string, signal: AbortSignal): Promise<string> {
	const [client, startMs] = [createClient(socket), performance.now()];
	const seen: { pull?: PullStatus; firstMs?: number; lastMs: number } = { lastMs: 0 };
	while (!signal.aborted) {
		// Before the daemon listens there is nothing to show.
		const status = await client.status({}).catch(() => undefined);
		const now = performance.now();
		if (now - startMs > PATIENCE_MS) throw new Error(`turnout is not ready: ${JSON.stringify(status)}`);
		if (status?.envoy.pull !== undefined) {
			Object.assign(seen, { pull: status.envoy.pull, firstMs: seen.firstMs ?? now, lastMs: now });
			screen.tell(progressLine(status.envoy.pull, COLUMNS));
		}
		await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
	}
	return seen.pull === undefined ? '' : textOf(seen.pull, seen.lastMs - (seen.firstMs ?? seen.lastMs));
}

function textOf({ layers }: PullStatus, ms: number): string {
	const megabytes = layers.reduce((sum, { total }) => sum + total, 0) / 1e6;
	return `${layers.length} layer${layers.length === 1 ? '' : 's'}, ${megabytes.toFixed(1)} MB in ${(ms / 1_000).toFixed(1)} s`;
}

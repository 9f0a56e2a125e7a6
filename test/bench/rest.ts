import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { startDaemon } from '../lab/turnout.ts';
import type { Figure } from './figure.ts';
import { createKeptClient } from './kept-client.ts';
import { createPlace } from './places.ts';
import { readProcessorSeconds, readResidentMb } from './process-figures.ts';
import { bareNode, turnoutEnvironment } from './programs.ts';
import { environment } from './stopwatch.ts';

export interface RestOptions {
	/** Enabled and disabled again, before it is left alone. */
	readonly cycles: number;
	readonly idleSeconds: number;
}

export interface Rest extends AsyncDisposable {
	/** Once the time is over. */
	readonly figures: Promise<readonly Figure[]>;
}

/**
 * What the daemon takes of the host while nothing happens, beside a Node that does nothing by its program. Resolves when it
 * is left alone: a process's own time tells the truth whatever else is measured meanwhile.
 */
export async function startRest({ cycles, idleSeconds }: RestOptions): Promise<Rest> {
	await using stack = new AsyncDisposableStack();
	const { host } = stack.use(createPlace('nft'));
	const daemon = stack.use(await startDaemon(host, { env: turnoutEnvironment }));
	const node = stack.adopt(await startNode(host), (child) => void child.kill('SIGKILL'));
	const pids = [daemon.process, node].map(pidOf);
	const atStart = weigh('once it is ready', pids);
	await enableOften(daemon.socket, cycles);
	const afterCycles = weigh(`after enabling ${cycles} times`, pids);
	const figures = spendAtRest(pids, idleSeconds).then((spent) => [
		atStart,
		afterCycles,
		weigh('idle, enabled', pids),
		spentFigure(`the daemon's processor time, ${idleSeconds} s idle, enabled`, spent),
	]);
	// Whoever ends before has another failure to tell.
	figures.catch(() => undefined);
	const kept = stack.move();
	return { figures, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** In a namespace, so that it ends with it whatever becomes of us. */
export async function startNode(host: Namespace): Promise<ChildProcess> {
	const { program, args } = bareNode("setInterval(() => {}, 1e9); console.log('ready')");
	const child = host.spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
	if (child.stdout) await once(child.stdout, 'data');
	return child;
}

/** Left enabled. */
export async function enableOften(socket: string, times: number): Promise<void> {
	using client = createKeptClient(socket);
	await client.post('/v1/enable');
	for (let left = times; left > 1; left -= 1) {
		await client.post('/v1/disable');
		await client.post('/v1/enable');
	}
}

type Pair = readonly number[];

export function weigh(when: string, pids: Pair): Figure {
	const [ours = Number.NaN, value = Number.NaN] = pids.map(readResidentMb);
	const limits = { on: 'value', goal: 60, must: 90 } as const;
	return { name: `the daemon's memory, ${when}`, unit: 'MB', ours, reference: { name: waiting, value }, limits };
}

function spentFigure(name: string, [ours = Number.NaN, value = Number.NaN]: Pair): Figure {
	return { name, unit: '%', ours, reference: { name: waiting, value }, limits: { on: 'value', goal: 0 } };
}

const waiting = 'node that waits';

/** V8 gives memory back some seconds after the last work, once: that belongs to the work. */
const SETTLE_SECONDS = 15;

/** In hundredths of one processor. */
async function spendAtRest(pids: Pair, seconds: number): Promise<Pair> {
	await sleep(Math.min(SETTLE_SECONDS, seconds) * 1_000);
	const before = pids.map(readProcessorSeconds);
	await sleep(seconds * 1_000);
	return pids.map((pid, at) => ((readProcessorSeconds(pid) - (before[at] ?? Number.NaN)) / seconds) * 100);
}

export function pidOf({ pid }: ChildProcess): number {
	if (pid === undefined) throw new Error('Cannot measure a process that did not start');
	return pid;
}

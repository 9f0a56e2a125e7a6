// What is lost while the daemon or its Envoy is killed, and how soon all is as before.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcessNotes } from '../../../src/host/process/orphans.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { meshDaemonOptions } from '../../support/mesh-service.ts';
import { sum } from '../samples.ts';
import { startPlain } from './memory.ts';
import { monotonicMs } from './monotonic.ts';
import { flip } from './steps.ts';
import { type Observed, observed, type Taken, takeStep, underLoad } from './under-load.ts';
import type { MeshWorld } from './world.ts';

export interface DaemonDeaths extends Observed {
	/** From each kill until Envoy was connected to the next daemon. */
	readonly connectedMs: readonly number[];
	/** How many responses Envoys have taken from daemons before their deaths. */
	readonly updates: number;
	/** Those that they were sent by the next ones, who had nothing new. */
	readonly sentAgain: readonly string[];
	/** The last one; it ends with the stack. */
	readonly daemon: TestDaemon;
}

export async function killDaemons(world: MeshWorld, kills: number, stack: AsyncDisposableStack): Promise<DaemonDeaths> {
	const { ours, asker } = world;
	const last = { daemon: asker.daemon };
	stack.defer(async () => void (await last.daemon.stop()));
	// Small again.
	await takeStep(ours, flip(1));
	const [taken, connectedMs, updates, sentAgain]: [Taken[], number[], number[], string[]] = [[], [], [], []];
	const reports = await underLoad(ours, async () => {
		for (let at = 0; at < kills; at += 1) {
			const killed = await killDaemon(world, last.daemon);
			last.daemon = killed.next;
			connectedMs.push(killed.connectedMs);
			updates.push(killed.updates);
			sentAgain.push(...killed.sentAgain);
			const { log } = last.daemon;
			const before = acceptedIn(log());
			taken.push(await takeStep(ours, flip(at)));
			// It then is on the disk, for the next daemon.
			await eventually(
				() => acceptedIn(log()),
				(count) => count > before,
			);
		}
	});
	return { ...observed(taken, reports), connectedMs, updates: sum(updates), sentAgain, daemon: last.daemon };
}

const acceptedIn = (log: string): number => log.split('"event":"mesh accepted"').length;

/** Its Envoy goes on, connects to the next daemon, and is replaced by another one: nobody reads its output any more. */
export async function killDaemon({ hosts: { asker }, asking }: MeshWorld, daemon: TestDaemon) {
	const { folder } = daemon;
	const before = await readUpdates(daemon);
	const killedMs = Date.now();
	daemon.process.kill('SIGKILL');
	await daemon.ended;
	const options = { ...meshDaemonOptions(asker, asking), folder, says: '"event":"envoy connected to the mesh"' };
	const next = await startDaemon(asker.namespace, options);
	// Found, and not replaced yet: it still answers.
	await eventually(next.log, (log) => log.includes('"event":"envoy live"'));
	const connectedMs = timeOf(next.log(), 'envoy connected to the mesh') - killedMs;
	const after = await readUpdates(next, before.admin);
	await eventually(next.log, (log) => log.includes('"event":"ready"'));
	return { next, connectedMs, updates: sum([...before.counts.values()]), sentAgain: added(before, after) };
}

interface Updates {
	/** Of that Envoy. */
	readonly admin: string;
	/** How many responses of its control plane it has taken, by what they were. */
	readonly counts: ReadonlyMap<string, number>;
}

/** Of the Envoy that was started last, or of another one. */
async function readUpdates({ folder }: TestDaemon, of?: string): Promise<Updates> {
	const noted = createProcessNotes(join(folder, 'state')).read().at(-1)?.admin;
	const admin = of ?? (noted !== undefined && 'socketPath' in noted ? noted.socketPath : '');
	// Clusters count answers of DNS servers by the same name.
	const { text } = await askSocket(admin, 'GET', '/stats?filter=(cds|lds|rds[.][^.]*)[.]update_success$');
	const lines = text.trim().split('\n');
	return { admin, counts: new Map(lines.map((line) => [line.split(': ')[0] ?? '', Number(line.split(': ')[1])])) };
}

/** One for each response. */
const added = (before: Updates, after: Updates): string[] =>
	[...after.counts].flatMap(([name, count]) => Array<string>(count - (before.counts.get(name) ?? 0)).fill(name));

/** Of the first event of this name. */
export function timeOf(log: string, event: string): number {
	const line = log.split('\n').find((each) => each.includes(`"event":"${event}"`));
	return Date.parse(/"time":"([^"]*)"/.exec(line ?? '')?.[1] ?? '');
}

/** From each kill of a daemon without a mesh until the next one is ready. */
export async function killPlain(world: MeshWorld, kills: number): Promise<readonly number[]> {
	const taken: number[] = [];
	await using first = await startPlain(world);
	let daemon = first;
	for (let at = 0; at < kills; at += 1) {
		const killedMs = Date.now();
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		daemon = await startPlain(world, { folder: first.folder });
		taken.push(timeOf(daemon.log(), 'ready') - killedMs);
	}
	await daemon.stop();
	return taken;
}

/** Longer than what counts as stable. */
const STABLE_MS = 1_200;
const POLL_MS = 10;

/** From each kill until the next Envoy is LIVE and has all of its configuration. */
export async function killEnvoys(daemon: TestDaemon, kills: number): Promise<readonly number[]> {
	const taken: number[] = [];
	for (let at = 0; at < kills; at += 1) {
		await sleep(STABLE_MS);
		const { envoy } = await daemon.readStatus();
		const killedMs = monotonicMs();
		process.kill(Number(/\d+/.exec(envoy.id ?? '')?.[0]), 'SIGKILL');
		while (!(await isBack(daemon, envoy.id))) await sleep(POLL_MS);
		taken.push(monotonicMs() - killedMs);
	}
	return taken;
}

async function isBack(daemon: TestDaemon, formerId: string | undefined): Promise<boolean> {
	const { envoy, mesh } = await daemon.readStatus();
	return envoy.state === 'live' && envoy.id !== formerId && mesh?.settled === 1;
}

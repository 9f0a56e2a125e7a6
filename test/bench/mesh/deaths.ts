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
	/** Responses that Envoys have taken from daemons before their deaths, and from the next ones, who had nothing new. */
	readonly updates: number;
	readonly sentAgain: number;
	/** The last one; it ends with the stack. */
	readonly daemon: TestDaemon;
}

export async function killDaemons(world: MeshWorld, kills: number, stack: AsyncDisposableStack): Promise<DaemonDeaths> {
	const { ours, asker } = world;
	const last = { daemon: asker.daemon };
	stack.defer(async () => void (await last.daemon.stop()));
	// Small again.
	await takeStep(ours, flip(1));
	const [taken, connectedMs, updates, sentAgain]: [Taken[], number[], number[], number[]] = [[], [], [], []];
	const reports = await underLoad(ours, async () => {
		for (let at = 0; at < kills; at += 1) {
			const killed = await killDaemon(world, last.daemon);
			last.daemon = killed.next;
			connectedMs.push(killed.connectedMs);
			updates.push(killed.updates);
			sentAgain.push(killed.sentAgain);
			taken.push(await takeStep(ours, flip(at)));
			await sleep(REST_MS);
		}
	});
	const sums = { updates: sum(updates), sentAgain: sum(sentAgain) };
	return { ...observed(taken, reports), ...sums, connectedMs, daemon: last.daemon };
}

/** Until what Envoy has accepted is on the disk. */
const REST_MS = 250;

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
	return { next, connectedMs, updates: before.updates, sentAgain: after.updates - before.updates };
}

interface Updates {
	/** Of that Envoy. */
	readonly admin: string;
	/** How many responses of its control plane it has taken. */
	readonly updates: number;
}

/** Of the Envoy that was started last, or of another one. */
async function readUpdates({ folder }: TestDaemon, of?: string): Promise<Updates> {
	const noted = createProcessNotes(join(folder, 'state')).read().at(-1)?.admin;
	const admin = of ?? (noted !== undefined && 'socketPath' in noted ? noted.socketPath : '');
	// Clusters count answers of DNS servers by the same name.
	const { text } = await askSocket(admin, 'GET', '/stats?filter=(cds|lds|rds[.][^.]*)[.]update_success$');
	return {
		admin,
		updates: sum(
			text
				.trim()
				.split('\n')
				.map((line) => Number(line.split(': ')[1])),
		),
	};
}

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

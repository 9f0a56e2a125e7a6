// What is lost while the daemon or its Envoy is killed, and how soon all is as before.
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { meshDaemonOptions } from '../../support/mesh-service.ts';
import { startPlain } from './memory.ts';
import { monotonicMs } from './monotonic.ts';
import { flip } from './steps.ts';
import { type Observed, observed, type Taken, takeStep, underLoad } from './under-load.ts';
import type { MeshWorld } from './world.ts';

export interface DaemonDeaths extends Observed {
	/** From each kill until Envoy was connected to the next daemon. */
	readonly connectedMs: readonly number[];
	/** What Envoy has taken before all of this, and what it was sent by new daemons although it had it. */
	readonly updates: number;
	readonly sentAgain: number;
	/** The last one; it ends with the stack. */
	readonly daemon: TestDaemon;
}

export async function killDaemons(
	{ hosts: { asker }, asking, ours, asker: first }: MeshWorld,
	kills: number,
	stack: AsyncDisposableStack,
): Promise<DaemonDeaths> {
	const { folder } = first.daemon;
	const current = { daemon: first.daemon };
	stack.defer(async () => void (await current.daemon.stop()));
	const [taken, connectedMs]: [Taken[], number[]] = [[], []];
	const readUpdates = async () => sumOf(await ours.egress.get(statisticsTarget));
	const updates = await readUpdates();
	let sentAgain = 0;
	const reports = await underLoad(ours, async () => {
		for (let at = 0; at < kills; at += 1) {
			const before = await readUpdates();
			const killedMs = Date.now();
			current.daemon.process.kill('SIGKILL');
			await current.daemon.ended;
			current.daemon = await startDaemon(asker.namespace, { ...meshDaemonOptions(asker, asking), folder });
			connectedMs.push((await connectedAt(current.daemon)) - killedMs);
			sentAgain += (await readUpdates()) - before;
			taken.push(await takeStep(ours, flip(at)));
		}
	});
	return { ...observed(taken, reports), connectedMs, updates, sentAgain, daemon: current.daemon };
}

const statisticsTarget = {
	...{ address: '127.0.0.1', port: 9901, host: 'localhost' },
	path: '/stats?filter=update_success$',
};

/** Of lines with a name and a number each. */
const sumOf = (text: string): number =>
	text
		.trim()
		.split('\n')
		.reduce((sum, line) => sum + Number(line.split(': ')[1] ?? Number.NaN), 0);

/** By the clock of its log, once it has nothing more to send. */
async function connectedAt(daemon: TestDaemon): Promise<number> {
	await eventually(
		() => daemon.readStatus(),
		({ mesh }) => mesh?.settled === 1,
	);
	return timeOf(daemon.log(), 'envoy connected to the mesh');
}

/** Of the last event of this name. */
export function timeOf(log: string, event: string): number {
	const line = log.split('\n').findLast((each) => each.includes(`"event":"${event}"`));
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

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../turnout.ts';
import type { Figure, Limits } from './figure.ts';
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

const memory: Limits = { on: 'value', goal: 60, must: 90 };

/** What the daemon takes of the host while nothing happens, beside a Node that does nothing by its program. */
export async function benchRest({ cycles, idleSeconds }: RestOptions): Promise<readonly Figure[]> {
	await using stack = new AsyncDisposableStack();
	const { host } = stack.use(createPlace('nft'));
	const daemon = stack.use(await startDaemon(host, { env: turnoutEnvironment }));
	const client = stack.use(createKeptClient(daemon.socket));
	const { program, args } = bareNode("setInterval(() => {}, 1e9); console.log('ready')");
	const node = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
	stack.defer(() => void node.kill('SIGKILL'));
	await once(node.stdout, 'data');
	const weigh = (when: string): Figure => ({
		name: `the daemon's memory, ${when}`,
		unit: 'MB',
		ours: readResidentMb(pidOf(daemon.process)),
		reference: { name: 'node that waits', value: readResidentMb(pidOf(node)) },
		limits: memory,
	});
	const atStart = weigh('once it is ready');
	for (let left = cycles; left > 0; left -= 1) {
		await client.post('/v1/enable');
		await client.post('/v1/disable');
	}
	await client.post('/v1/enable');
	const afterCycles = weigh(`after enabling ${cycles} times`);
	const [ours, reference] = await spend([pidOf(daemon.process), pidOf(node)], idleSeconds);
	return [
		atStart,
		afterCycles,
		weigh('idle, enabled'),
		{
			name: `the daemon's processor time, ${idleSeconds} s idle, enabled`,
			unit: '%',
			ours: ours ?? Number.NaN,
			reference: { name: 'node that waits', value: reference ?? Number.NaN },
			limits: { on: 'value', goal: 0 },
		},
	];
}

/** Of one processor, each. */
async function spend(pids: readonly number[], seconds: number): Promise<readonly number[]> {
	const before = pids.map(readProcessorSeconds);
	await sleep(seconds * 1_000);
	return pids.map((pid, at) => ((readProcessorSeconds(pid) - (before[at] ?? Number.NaN)) / seconds) * 100);
}

function pidOf({ pid }: ChildProcess): number {
	if (pid === undefined) throw new Error('Cannot measure a process that did not start');
	return pid;
}

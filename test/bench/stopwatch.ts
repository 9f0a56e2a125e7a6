// Takes the time of programs and connections from within a namespace, so that the way in is not part of it.
import { once } from 'node:events';
import { join } from 'node:path';
import type { Namespace } from '../lab/net/namespace.ts';
import type { Command, Order, Report } from './stopwatch-worker.ts';

export type { Command } from './stopwatch-worker.ts';

export interface Stopwatch extends Disposable {
	/** Milliseconds from the start of the first to the end of the last; rejects when one of them fails. */
	readonly time: (...commands: readonly Command[]) => Promise<number>;
	/** Milliseconds to the established connection, of one connection after the other. */
	readonly connect: (address: string, port: number, count: number) => Promise<readonly number[]>;
}

/** A warm process; one order at a time. With a uid it drops to it, and its connections are that user's. */
export function createStopwatch(namespace: Namespace, uid?: number): Stopwatch {
	const worker = join(import.meta.dirname, 'stopwatch-worker.ts');
	const child = namespace.spawn(process.execPath, ['--no-warnings', worker, `${uid ?? ''}`], {
		stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
		cwd: '/',
		env: environment,
	});
	const ended = once(child, 'exit').then(() => Promise.reject(new Error('The stopwatch has ended')));
	ended.catch(() => undefined);
	const ask = async (order: Order): Promise<readonly number[]> => {
		const answer = Promise.race([once(child, 'message'), ended]);
		child.send(order);
		const [report] = (await answer) as [Report];
		if ('why' in report) throw new Error(report.why);
		return report.ms;
	};
	return {
		time: async (...commands) => (await ask({ kind: 'run', commands }))[0] ?? Number.NaN,
		connect: (address, port, count) => ask({ kind: 'connect', address, port, count }),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

/** Nothing of the caller's: a setting of turnout's or an option of Node's would change what is measured. */
export const environment: Readonly<Record<string, string>> = {
	PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

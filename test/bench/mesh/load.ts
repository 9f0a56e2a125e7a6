// Requests without an end from a host, and the moment at which one of them is answered otherwise.
import { once } from 'node:events';
import { join } from 'node:path';
import type { Namespace } from '../../lab/net/namespace.ts';
import { environment } from '../stopwatch.ts';
import type { Asked, Expected, FailedRequest, LoadOrder, LoadReply, LoadReport, Pace, Target } from './load-worker.ts';

export type { Expected, FailedRequest, LoadReport, Pace, Target } from './load-worker.ts';

export interface Load extends Disposable {
	/** Begins to count anew. */
	readonly start: (targets: readonly Target[], pace: Pace) => Promise<void>;
	/** Asks without a pause until the answer is as expected; resolves to the moment at which it was there. */
	readonly until: (target: Target, expected: Expected) => Promise<number>;
	readonly get: (target: Target) => Promise<string>;
	readonly stop: () => Promise<LoadReport>;
}

const APP_USER = 1000;

/** A process of its own, as one of the host's users. */
export function createLoad(namespace: Namespace): Load {
	const worker = join(import.meta.dirname, 'load-worker.ts');
	const child = namespace.spawn(process.execPath, ['--no-warnings', worker, `${APP_USER}`], {
		stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
		cwd: '/',
		env: environment,
	});
	const waiting = new Map<number, PromiseWithResolvers<unknown>>();
	child.on('message', (reply: LoadReply) => {
		if ('why' in reply) waiting.get(reply.id)?.reject(new Error(reply.why));
		else waiting.get(reply.id)?.resolve(reply.result);
		waiting.delete(reply.id);
	});
	void once(child, 'exit').then(() => {
		for (const { reject } of waiting.values()) reject(new Error('The clients have ended'));
	});
	let last = 0;
	const ask = <T>(order: Asked): Promise<T> => {
		const answer = Promise.withResolvers<unknown>();
		last += 1;
		waiting.set(last, answer);
		child.send({ ...order, id: last } satisfies LoadOrder);
		return answer.promise as Promise<T>;
	};
	return {
		start: (targets, pace) => ask({ kind: 'start', targets, pace }),
		until: (target, expected) => ask({ kind: 'until', target, expected }),
		get: (target) => ask({ kind: 'get', target }),
		stop: () => ask({ kind: 'stop' }),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

export const failuresOf = (reports: readonly LoadReport[]): readonly FailedRequest[] =>
	reports.flatMap(({ failures }) => failures);

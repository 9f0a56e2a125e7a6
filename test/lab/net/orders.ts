// A worker process in a namespace that takes orders as lines of JSON, each with an id, and answers each with one.
import { createInterface } from 'node:readline';
import type { Identity, Namespace } from './namespace.ts';
import { workerText } from './worker-text.ts';

export interface Worker<Asked> extends Disposable {
	readonly ask: <T>(order: Asked) => Promise<T>;
	/** The id that the last order had. */
	readonly last: () => number;
}

/** `file`: of this folder. */
export function startOrders<Asked extends object>(
	namespace: Pick<Namespace, 'spawn'>,
	file: string,
	{ uid, gid = uid }: Identity,
): Worker<Asked> {
	const options = ['--no-warnings', '--input-type=module', '--eval', workerText(file), '--'];
	const child = namespace.spawn(process.execPath, [...options, `${uid ?? ''}`, `${gid ?? ''}`], {
		...{ stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', env: {} },
	});
	const waiting = new Map<number, PromiseWithResolvers<unknown>>();
	if (child.stdout !== null)
		createInterface({ input: child.stdout }).on('line', (line) => {
			const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error?: string };
			if (error === undefined) waiting.get(id)?.resolve(result);
			else waiting.get(id)?.reject(new Error(error));
			waiting.delete(id);
		});
	let last = 0;
	return {
		last: () => last,
		ask: <T>(order: Asked): Promise<T> => {
			last += 1;
			const answer = Promise.withResolvers<unknown>();
			waiting.set(last, answer);
			child.stdin?.write(`${JSON.stringify({ ...order, id: last })}\n`);
			return answer.promise as Promise<T>;
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

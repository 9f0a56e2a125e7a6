// HTTP servers and clients in a namespace, as one of its users.
import { createInterface } from 'node:readline';
import type { Identity, Namespace } from './namespace.ts';
import { workerText } from './worker-text.ts';

export interface HttpTarget {
	readonly address: string;
	readonly port: number;
	/** The header, by which a mesh tells its services apart. */
	readonly host: string;
	readonly path?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly timeoutMs?: number;
}

export interface HttpAnswer {
	/** 0: no answer; the body says why. */
	readonly status: number;
	readonly body: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly ms: number;
}

export interface Served {
	readonly name: string;
	readonly address: string;
	readonly port: number;
	readonly status?: number;
	readonly delayMs?: number;
}

type Asked =
	| ({ readonly kind: 'serve' } & Served)
	| { readonly kind: 'stop'; readonly address: string; readonly port: number }
	| { readonly kind: 'get'; readonly target: HttpTarget }
	| { readonly kind: 'seen'; readonly name: string }
	| { readonly kind: 'load'; readonly target: HttpTarget; readonly workers: number }
	| { readonly kind: 'counts' | 'halt'; readonly load: number };
export type HttpOrder = Asked & { readonly id: number };

/** Answers by whom; what was not answered with 200 by status and text. */
export type HttpCounts = Readonly<Record<string, number>>;

export interface HttpLoad {
	readonly counts: () => Promise<HttpCounts>;
	readonly stop: () => Promise<HttpCounts>;
}

export interface HttpPeer extends Disposable {
	/** Answers everything with its name. */
	readonly serve: (served: Served) => Promise<void>;
	readonly stop: (of: Pick<Served, 'address' | 'port'>) => Promise<void>;
	readonly get: (target: HttpTarget) => Promise<HttpAnswer>;
	/** How many requests the servers of this name have got. */
	readonly seen: (name: string) => Promise<number>;
	/** Requests without a pause, over connections that are kept. */
	readonly startLoad: (target: HttpTarget, workers: number) => Promise<HttpLoad>;
}

export function createHttpPeer(namespace: Pick<Namespace, 'spawn'>, { uid, gid = uid }: Identity = {}): HttpPeer {
	const program = workerText('http-worker.ts');
	const options = ['--no-warnings', '--input-type=module', '--eval', program, '--', `${uid ?? ''}`, `${gid ?? ''}`];
	const child = namespace.spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', env: {} });
	const waiting = new Map<number, PromiseWithResolvers<unknown>>();
	if (child.stdout !== null)
		createInterface({ input: child.stdout }).on('line', (line) => {
			const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error?: string };
			if (error === undefined) waiting.get(id)?.resolve(result);
			else waiting.get(id)?.reject(new Error(error));
			waiting.delete(id);
		});
	let last = 0;
	const ask = <T>(order: Asked): Promise<T> => {
		last += 1;
		const answer = Promise.withResolvers<unknown>();
		waiting.set(last, answer);
		child.stdin?.write(`${JSON.stringify({ ...order, id: last })}\n`);
		return answer.promise as Promise<T>;
	};
	return {
		serve: (served) => ask({ kind: 'serve', ...served }),
		stop: (of) => ask({ kind: 'stop', ...of }),
		get: (target) => ask({ kind: 'get', target }),
		seen: (name) => ask({ kind: 'seen', name }),
		async startLoad(target, workers) {
			const started = ask({ kind: 'load', target, workers });
			const load = last;
			await started;
			return { counts: () => ask({ kind: 'counts', load }), stop: () => ask({ kind: 'halt', load }) };
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

// A client and listener: a worker process inside a namespace, with a uid and gid of its own.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Identity, Namespace } from './namespace.ts';
import type { Answer, ListenRequest, LoadCounts, LoadTarget, Method, Methods, Reply, Target } from './protocol.ts';
import { workerText } from './worker-text.ts';

export interface Listener {
	readonly close: () => Promise<void>;
}

export interface Load extends AsyncDisposable {
	/** The counts so far; the load goes on. */
	readonly counts: () => Promise<LoadCounts>;
	readonly stop: () => Promise<LoadCounts>;
}

export interface Peer extends Disposable {
	readonly pid: number;
	/** Answers each connection to these ports with the name, and closes it. */
	readonly listen: (
		name: string,
		ports: readonly number[],
		options?: { readonly address?: string },
	) => Promise<Listener>;
	readonly connect: (address: string, port: number, options?: Omit<Target, 'address' | 'port'>) => Promise<Answer>;
	/** Clients that connect without a pause until stopped. Resolves once the first connection has ended. */
	readonly startLoad: (target: LoadTarget) => Promise<Load>;
}

/** Usable at once: requests are queued until the process runs. Runs as root unless given an identity. */
export function createPeer(namespace: Pick<Namespace, 'spawn'>, identity: Identity = {}): Peer {
	const child = startWorker(namespace, identity);
	const ask = createAsk(child);
	return {
		pid: child.pid ?? 0,
		listen: async (name, ports, options = {}) => {
			await ask('listen', { name, ports, ...options } satisfies ListenRequest);
			return { close: async () => void (await ask('unlisten', { ports })) };
		},
		connect: (address, port, options = {}) => ask('connect', { address, port, ...options }),
		startLoad: async (target) => createLoad(ask, await ask('load', target)),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

type Ask = <M extends Method>(method: M, request: Methods[M]['request']) => Promise<Methods[M]['reply']>;

function createLoad(ask: Ask, load: number): Load {
	const halts: Promise<LoadCounts>[] = [];
	// Sent once only: the worker drops a load that it has reported.
	const stop = (): Promise<LoadCounts> => {
		if (halts.length === 0) halts.push(ask('halt', { load }));
		return halts[0] ?? ask('halt', { load });
	};
	return {
		counts: () => halts[0] ?? ask('counts', { load }),
		stop,
		[Symbol.asyncDispose]: async () => void (await stop()),
	};
}

/**
 * The worker goes to Node as text without its types: to strip them again for each of six peers costs 70 ms of processor
 * time a piece, and a uid that has dropped its rights could not read a file below /root.
 */
function startWorker(namespace: Pick<Namespace, 'spawn'>, { uid, gid = uid }: Identity): ChildProcess {
	const program = workerText('peer-worker.ts');
	const options = ['--no-warnings', '--input-type=module', '--eval', program, '--', `${uid ?? ''}`, `${gid ?? ''}`];
	// Not in the caller's folder, which the uid may not enter, and without a debugger's options.
	return namespace.spawn(process.execPath, options, { stdio: 'pipe', cwd: '/', env: {} });
}

interface Waiting {
	readonly resolve: (value: never) => void;
	readonly reject: (error: Error) => void;
}

function createAsk(child: ChildProcess): Ask {
	const waiting = new Map<number, Waiting>();
	const complaints: string[] = [];
	const ids = counter();
	child.stderr?.on('data', (text) => complaints.push(String(text)));
	child.stdin?.on('error', () => undefined);
	child.on('error', (error) => complaints.push(error.message));
	child.on('close', () => {
		for (const { reject } of waiting.values()) reject(ended(complaints));
		waiting.clear();
	});
	if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => settle(waiting, line));
	return (method, request) =>
		new Promise((resolve, reject) => {
			if (child.exitCode !== null || child.signalCode !== null) return reject(ended(complaints));
			const id = ids.next().value;
			waiting.set(id, { resolve, reject });
			child.stdin?.write(`${JSON.stringify({ id, method, request })}\n`);
		});
}

function settle(waiting: Map<number, Waiting>, line: string): void {
	const reply = JSON.parse(line) as Reply;
	const { resolve, reject } = waiting.get(reply.id) ?? {};
	waiting.delete(reply.id);
	if (reply.ok) resolve?.(reply.value as never);
	else reject?.(new Error(reply.why));
}

const ended = (complaints: readonly string[]): Error => new Error(`The peer has ended: ${complaints.join('').trim()}`);

function* counter(): Generator<number, never> {
	for (let id = 1; ; id += 1) yield id;
}

// Acts on import: the process behind a load. It ends with the one that started it.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './monotonic.ts';

export interface Target {
	readonly address: string;
	readonly port: number;
	/** The header. */
	readonly host: string;
	readonly path?: string;
}

export interface Pace {
	/** How many clients keep their connection, and how many take a new one for each request. */
	readonly kept: number;
	readonly fresh: number;
	/** Between an answer and that client's next request. */
	readonly pauseMs: number;
}

export interface Expected {
	readonly body?: string;
	/** Whether the answer came through an Envoy of the other side. */
	readonly isProxied?: boolean;
}

export interface FailedRequest {
	/** When it was sent, and how long it took; both by `monotonicMs`. */
	readonly atMs: number;
	readonly ms: number;
	/** The status and what came with it, or why there was no answer. */
	readonly what: string;
}

export interface LoadReport {
	readonly requests: number;
	readonly failures: readonly FailedRequest[];
	/** Of those that were answered. */
	readonly ms: readonly number[];
}

export type Asked =
	| { readonly kind: 'start'; readonly targets: readonly Target[]; readonly pace: Pace }
	| { readonly kind: 'until'; readonly target: Target; readonly expected: Expected }
	| { readonly kind: 'get'; readonly target: Target }
	| { readonly kind: 'stop' };
export type LoadOrder = Asked & { readonly id: number };
export type LoadReply = { readonly id: number } & ({ readonly result: unknown } | { readonly why: string });

interface Answer {
	readonly atMs: number;
	readonly status: number;
	readonly body: string;
	readonly isProxied: boolean;
}

const PATIENCE_MS = 10_000;

function get({ address, port, host, path = '/' }: Target, agent: Agent | undefined): Promise<Answer> {
	const { promise, resolve } = Promise.withResolvers<Answer>();
	const fail = (body: string) => resolve({ atMs: monotonicMs(), status: 0, body, isProxied: false });
	const asked = request(
		{ ...{ host: address, port, path, timeout: PATIENCE_MS }, headers: { host }, agent: agent ?? false },
		(response) => {
			let body = '';
			response.setEncoding('utf8').on('data', (part) => {
				body += part;
			});
			response.on('error', (error) => fail(error.message));
			response.on('end', () => {
				const isProxied = response.headers['x-envoy-upstream-service-time'] !== undefined;
				resolve({ atMs: monotonicMs(), status: response.statusCode ?? 0, body, isProxied });
			});
		},
	);
	asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
	asked.on('error', (error: NodeJS.ErrnoException) =>
		fail(`${error.code ?? error.message}${asked.reusedSocket ? ' on a connection that was kept' : ''}`),
	);
	asked.end();
	return promise;
}

interface Running {
	isOver: boolean;
	ended: Promise<unknown>;
	readonly failures: FailedRequest[];
	readonly ms: number[];
}

async function askOn(running: Running, target: Target, agent: Agent | undefined, pauseMs: number): Promise<void> {
	while (!running.isOver) {
		const sentMs = monotonicMs();
		const { atMs, status, body } = await get(target, agent);
		const ms = atMs - sentMs;
		if (status === 200) running.ms.push(ms);
		else running.failures.push({ atMs: sentMs, ms, what: `${status} ${body.trim()}` });
		await sleep(pauseMs);
	}
	agent?.destroy();
}

const keptConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

function start(targets: readonly Target[], { kept, fresh, pauseMs }: Pace): Running {
	const running: Running = { isOver: false, ended: Promise.resolve(), failures: [], ms: [] };
	const clients = Array.from({ length: kept + fresh }, (_, at) => {
		const target = targets[at % targets.length];
		if (target === undefined) throw new Error('There is nobody to ask');
		return askOn(running, target, at < kept ? keptConnection() : undefined, pauseMs);
	});
	running.ended = Promise.all(clients);
	return running;
}

async function until(target: Target, { body, isProxied }: Expected): Promise<number> {
	// Whose way a connection takes is decided as it is opened.
	const agent = isProxied === undefined ? keptConnection() : undefined;
	const lastMs = monotonicMs() + UNTIL_MS;
	for (;;) {
		const answer = await get(target, agent);
		const isBody = body === undefined || answer.body === body;
		if (answer.status === 200 && isBody && (isProxied ?? answer.isProxied) === answer.isProxied) {
			agent?.destroy();
			return answer.atMs;
		}
		if (answer.atMs > lastMs)
			throw new Error(`Still ${answer.status} ${answer.body.trim()}, not ${JSON.stringify({ body, isProxied })}`);
	}
}

const UNTIL_MS = 30_000;

let running: Running | undefined;

async function obey(order: LoadOrder): Promise<unknown> {
	switch (order.kind) {
		case 'start':
			running = start(order.targets, order.pace);
			return null;
		case 'until':
			return until(order.target, order.expected);
		case 'get':
			return (await get(order.target, undefined)).body;
		case 'stop': {
			if (running === undefined) throw new Error('There is no load to stop');
			running.isOver = true;
			await running.ended;
			const { failures, ms } = running;
			return { requests: failures.length + ms.length, failures, ms } satisfies LoadReport;
		}
	}
}

const [uid] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(uid));
process.setuid?.(Number(uid));
process.on('disconnect', () => process.exit(0));
process.on('message', async (order: LoadOrder) => {
	const reply = await obey(order).then(
		(result): LoadReply => ({ id: order.id, result }),
		(error): LoadReply => ({ id: order.id, why: error instanceof Error ? error.message : String(error) }),
	);
	process.send?.(reply);
});

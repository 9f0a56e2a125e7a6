// The one file here that acts on import: a process inside a namespace that connects and answers as told on its standard
// input, and ends with it. It imports nothing but Node's own, as it is handed to Node as text (see peer.ts).
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ListenRequest, LoadCounts, LoadTarget, Methods, Reply, Request, Target } from './protocol.ts';

type Count = Record<string, number>;
interface Load {
	readonly halt: () => void;
	readonly counts: () => LoadCounts;
	readonly over: Promise<unknown>;
}

const servers = new Map<number, Server>();
const loads = new Map<number, Load>();

function dropTo(uid: string | undefined, gid: string | undefined): void {
	if (gid) {
		process.setgroups?.([]);
		process.setgid?.(Number(gid));
	}
	if (uid) process.setuid?.(Number(uid));
}

/** The name, then the end: the client closes second, so that its ports are free again at once. */
function sayName(socket: Socket, name: string): void {
	socket.on('error', () => socket.destroy());
	// Without a reader the other side's end is never noticed, and the socket never given back.
	socket.resume().end(`${name}\n`);
}

async function listen({ name, ports, address }: ListenRequest): Promise<null> {
	await Promise.all(
		ports.map((port) => {
			const server = createServer((socket) => sayName(socket, name));
			servers.set(port, server);
			return new Promise<void>((resolve, reject) => {
				server.once('error', reject);
				server.listen({ port, backlog: 4096, ...(address === undefined ? {} : { host: address }) }, resolve);
			});
		}),
	);
	return null;
}

function unlisten(ports: readonly number[]): null {
	for (const port of ports) {
		servers.get(port)?.close();
		servers.delete(port);
	}
	return null;
}

function connect({ address, port, timeoutMs = 20_000, from }: Target): Promise<Answer> {
	const start = performance.now();
	return new Promise((resolve) => {
		const socket = dial({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
		const timer = setTimeout(() => finish({ kind: 'timeout' }), timeoutMs);
		const heard: string[] = [];
		const finish = (outcome: Outcome): void => {
			clearTimeout(timer);
			socket.destroy();
			resolve({ ...outcome, ms: performance.now() - start });
		};
		socket.setEncoding('utf8').on('data', (text) => heard.push(String(text)));
		socket.on('end', () => finish(answerOf(heard.join(''), socket.localPort)));
		socket.on('error', (error: NodeJS.ErrnoException) => finish(failureOf(error)));
	});
}

type Outcome =
	| { kind: 'answered'; by: string; ownPort: number }
	| { kind: 'refused' }
	| { kind: 'timeout' }
	| { kind: 'error'; why: string };

const answerOf = (heard: string, ownPort = 0): Outcome =>
	heard.endsWith('\n')
		? { kind: 'answered', by: heard.trimEnd(), ownPort }
		: { kind: 'error', why: heard === '' ? 'closed without a name' : `closed after "${heard}"` };

const failureOf = ({ code, message }: NodeJS.ErrnoException): Outcome =>
	code === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'error', why: code ?? message };

function addTo(count: Count, key: string): void {
	count[key] = (count[key] ?? 0) + 1;
}

function beginLoad({
	clients = 8,
	limitMs = 120_000,
	pauseMs = 0,
	...target
}: LoadTarget): Load & { readonly begun: Promise<unknown> } {
	const start = performance.now();
	const state = { halted: false, connections: 0, slowestMs: 0, endMs: 0 };
	const by: Count = {};
	const failures: Count = {};
	const isLimited = (): boolean => performance.now() - start > limitMs;
	const once = async (): Promise<void> => {
		const answer = await connect(target);
		state.connections += 1;
		state.slowestMs = Math.max(state.slowestMs, answer.ms);
		if (answer.kind === 'answered') addTo(by, answer.by);
		else addTo(failures, answer.kind === 'error' ? answer.why : answer.kind);
	};
	const client = async (first: Promise<void>): Promise<void> => {
		await first;
		while (!state.halted && !isLimited()) {
			if (pauseMs > 0) await sleep(pauseMs);
			await once();
		}
	};
	const firsts = Array.from({ length: clients }, once);
	const over = Promise.all(firsts.map(client)).then(() => {
		state.endMs = performance.now();
	});
	const counts = (): LoadCounts => {
		const { connections, slowestMs, halted, endMs } = state;
		return {
			connections,
			by,
			failures,
			slowestMs,
			ms: (endMs || performance.now()) - start,
			limited: !halted && isLimited(),
		};
	};
	const halt = (): void => {
		// Only a load that still runs can be told to stop: one that has reached its limit says so.
		state.halted = !isLimited();
	};
	return { begun: Promise.race(firsts), halt, counts, over };
}

function loadOf(id: number): Load {
	const load = loads.get(id);
	if (!load) throw new Error(`No load has the number ${id}`);
	return load;
}

async function halt(id: number): Promise<LoadCounts> {
	const load = loadOf(id);
	load.halt();
	await load.over;
	loads.delete(id);
	return load.counts();
}

async function startLoad(id: number, target: LoadTarget): Promise<number> {
	const load = beginLoad(target);
	loads.set(id, load);
	await load.begun;
	return id;
}

async function carryOut(message: Request): Promise<Methods[Request['method']]['reply']> {
	switch (message.method) {
		case 'listen':
			return listen(message.request);
		case 'unlisten':
			return unlisten(message.request.ports);
		case 'connect':
			return connect(message.request);
		case 'load':
			return startLoad(message.id, message.request);
		case 'counts':
			return loadOf(message.request.load).counts();
		case 'halt':
			return halt(message.request.load);
	}
}

async function serve(line: string): Promise<void> {
	const message = JSON.parse(line) as Request;
	const { id } = message;
	const reply = await carryOut(message).then(
		(value): Reply => ({ id, ok: true, value }),
		(error): Reply => ({ id, ok: false, why: error instanceof Error ? error.message : String(error) }),
	);
	process.stdout.write(`${JSON.stringify(reply)}\n`);
}

dropTo(process.argv[1], process.argv[2]);
createInterface({ input: process.stdin })
	.on('line', serve)
	.on('close', () => process.exit(0));

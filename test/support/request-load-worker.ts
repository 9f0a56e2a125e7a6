// Hostile clients in a thread of their own: what they cost is not counted in the answers that others wait for.
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createRandom, hostileRequest, type Random } from './hostile-requests.ts';

interface Load {
	readonly socket: string;
	readonly requests: number;
	readonly clients: number;
	readonly seed: number;
}

const { socket, requests, clients, seed } = workerData as Load;
const PATIENCE_MS = 1_000;
/** This thread's alone: on a machine with few processors the daemon and who asks it are not to wait for us to pause. */
setPriority(19);
const state = { sent: 0, replies: {} as Record<string, number> };

/** A connection: a few requests in one go or piece by piece, then an end of one kind or another. */
async function visit(random: Random): Promise<void> {
	const count = 1 + Math.floor(random() * 8);
	const bytes = Buffer.from(Array.from({ length: count }, () => hostileRequest(random)).join(''), 'latin1');
	const cut = random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length;
	const manner = random();
	state.sent += count;
	await new Promise<void>((resolve) => {
		const client = connect(socket);
		client.on('error', () => undefined).on('close', () => resolve());
		client.setEncoding('latin1').on('data', countReplies);
		client.on('connect', () => {
			client.write(bytes.subarray(0, cut));
			if (manner < 0.6) client.end();
			else if (manner < 0.8) setImmediate(() => client.destroy());
			// Nothing more comes from it, and it reads nothing: the daemon's own patience is tried by others.
			else setTimeout(() => client.destroy(), random() * 20);
		});
		setTimeout(() => client.destroy(), PATIENCE_MS).unref();
	});
}

function countReplies(text: string): void {
	for (const [, code = ''] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g))
		state.replies[code] = (state.replies[code] ?? 0) + 1;
}

async function client(random: Random): Promise<void> {
	while (state.sent < requests) await visit(random);
}

await Promise.all(Array.from({ length: clients }, (_, at) => client(createRandom(seed + at))));
parentPort?.postMessage(state);

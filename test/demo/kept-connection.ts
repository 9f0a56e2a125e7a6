// One connection that stays open while other things happen, and how many of its questions are answered.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { ids } from '../lab/net/peers.ts';

export interface KeptConnection extends Disposable {
	/** Asks until told to stop. */
	readonly talk: (signal: AbortSignal) => Promise<Talk>;
	readonly close: () => Promise<void>;
}

export interface Talk {
	readonly asked: number;
	readonly answered: number;
}

const PAUSE_MS = 100;
const PATIENCE_MS = 30_000;

/** Sends back whatever it is sent. */
export async function startEcho(world: Namespace, port: number): Promise<Disposable> {
	const child = startNode(world, echoProgram, [String(port)]);
	await once(child.stdout ?? child, 'data');
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** As the application's user; resolves once it has been answered. */
export async function keepConnection(host: Namespace, address: string, port: number): Promise<KeptConnection> {
	const child = startNode(host, clientProgram, [address, String(port), String(ids.app)]);
	const ended = once(child, 'exit');
	const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
	const isAnswered = async (): Promise<boolean> => {
		child.stdin?.write('?\n');
		const late = sleep(PATIENCE_MS, { done: true }, { ref: false });
		return (await Promise.race([lines.next(), late])).done !== true;
	};
	if (!(await isAnswered())) throw new Error(`Nobody answers at ${address} port ${port}`);
	return {
		async talk(signal) {
			const talk = { asked: 0, answered: 0 };
			while (!signal.aborted && talk.asked === talk.answered) {
				talk.asked += 1;
				if (await isAnswered()) talk.answered += 1;
				await sleep(PAUSE_MS);
			}
			return talk;
		},
		async close() {
			child.stdin?.end();
			await ended;
		},
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

function startNode(namespace: Namespace, program: string, args: readonly string[]): ChildProcess {
	const child = namespace.spawn(process.execPath, ['--eval', program, '--', ...args], { cwd: '/', env: {} });
	child.stdin?.on('error', () => undefined);
	return child;
}

const echoProgram = `
require('node:net').createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket))
	.listen(Number(process.argv[1]), () => console.log('listening'));
process.stdin.resume().on('end', () => process.exit());`;

const clientProgram = `
const [address, port, id] = process.argv.slice(1);
process.setgroups([]);
process.setgid(Number(id));
process.setuid(Number(id));
const socket = require('node:net').connect(Number(port), address);
socket.on('error', () => undefined).on('close', () => process.exit()).pipe(process.stdout);
process.stdin.pipe(socket);`;

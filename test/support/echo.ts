// A connection that stays open, to a server that echoes.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Identity, Namespace } from '../lab/net/namespace.ts';
import { eventually } from './eventually.ts';

export interface EchoConnection extends Disposable {
	/** What came back, or undefined where the connection is at its end. */
	readonly echo: (text: string) => Promise<string | undefined>;
	/** Closes it from this side; resolves once the other side has, too. */
	readonly close: () => Promise<void>;
}

const server = `
require('node:net').createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket))
	.listen(Number(process.argv[1]), () => console.log('listening'));`;

const client = `
const [address, port, uid] = process.argv.slice(1);
process.setgroups([]); process.setgid(Number(uid)); process.setuid(Number(uid));
const socket = require('node:net').connect(Number(port), address);
socket.on('error', () => undefined).on('close', () => process.exit(0)).pipe(process.stdout);
process.stdin.pipe(socket);`;

export async function startEcho(namespace: Namespace, port: number, identity: Identity = {}): Promise<Disposable> {
	const child = startNode(namespace, server, [String(port)], identity);
	await once(child.stdout ?? child, 'data');
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

export interface EchoOptions {
	readonly address: string;
	readonly port: number;
	readonly uid: number;
}

/** Resolves once the other end has answered. */
export async function openEchoConnection(namespace: Namespace, options: EchoOptions): Promise<EchoConnection> {
	const child = startNode(namespace, client, [options.address, String(options.port), String(options.uid)]);
	const heard: string[] = [];
	createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => heard.push(line));
	const isOver = () => child.exitCode !== null || child.signalCode !== null;
	const echo = async (text: string): Promise<string | undefined> => {
		child.stdin?.write(`${text}\n`);
		return eventually(
			() => heard.shift(),
			(line) => line !== undefined || isOver(),
		);
	};
	if ((await echo('open')) !== 'open') throw new Error(`Nobody at ${options.address} sends back what it is sent`);
	const close = async (): Promise<void> => {
		child.stdin?.end();
		await eventually(isOver, (isIt) => isIt);
	};
	return { echo, close, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

function startNode(
	namespace: Namespace,
	program: string,
	args: readonly string[],
	identity: Identity = {},
): ChildProcess {
	const child = namespace.spawn(process.execPath, ['-e', program, '--', ...args], { ...identity, cwd: '/', env: {} });
	child.stdin?.on('error', () => undefined);
	return child;
}

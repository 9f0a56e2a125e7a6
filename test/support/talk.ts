// Connections that stay open, with both ends controlled by the test: do they survive changes of the rules?
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/net/namespace.ts';

export interface Talker extends Disposable {
	/** To the other side; of a listener's to all that are connected. */
	readonly say: (word: string) => void;
	/** What it hears next: a word, or why there will be none. */
	readonly receive: () => Promise<string>;
}

/** Sends what `say` is given to every client, and answers each word with its name and the word. */
export const startListener = (namespace: Namespace, name: string, port: number, uid?: number): Promise<Talker> =>
	startTalker(namespace, listener, [name, String(port)], uid);

export interface Caller {
	readonly uid?: number;
	/** Of its own choice; else the kernel's. */
	readonly localPort?: number;
}

/** Resolves once it is connected. */
export const openConnection = (
	namespace: Namespace,
	address: string,
	port: number,
	{ uid, localPort = 0 }: Caller = {},
): Promise<Talker> => startTalker(namespace, client, [address, String(port), String(localPort)], uid);

const listener = `
	const [name, port] = process.argv.slice(1);
	const all = new Set();
	const server = require('node:net').createServer((socket) => {
		all.add(socket);
		socket.on('data', (word) => socket.write(name + ' hears ' + word)).on('error', () => socket.destroy());
		socket.on('close', () => all.delete(socket));
	});
	process.stdin.on('data', (word) => { for (const socket of all) socket.write(name + ' says ' + word); });
	server.listen(Number(port), () => console.log('ready'));`;

const client = `
	const [host, ...ports] = process.argv.slice(1);
	const [port, localPort] = ports.map(Number);
	const socket = require('node:net').connect({ host, port, ...(localPort === 0 ? {} : { localPort }) });
	socket.on('connect', () => console.log('ready')).on('data', (word) => process.stdout.write(word));
	socket.on('error', ({ code }) => console.log(code)).on('end', () => console.log('ended'));
	process.stdin.on('data', (word) => socket.write(word)).on('end', () => socket.end());`;

async function startTalker(
	namespace: Namespace,
	program: string,
	args: readonly string[],
	uid?: number,
): Promise<Talker> {
	const child = namespace.spawn(process.execPath, ['--eval', program, ...args], {
		stdio: ['pipe', 'pipe', 'inherit'],
		cwd: '/',
		...(uid === undefined ? {} : { uid }),
	});
	const closed = once(child, 'close');
	const lines = child.stdout ? createInterface({ input: child.stdout })[Symbol.asyncIterator]() : undefined;
	const silence = async (): Promise<string> => {
		const timer = AbortSignal.timeout(PATIENCE_MS);
		await Promise.race([closed, once(timer, 'abort')]);
		return 'nothing';
	};
	const receive = async (): Promise<string> =>
		Promise.race([silence(), Promise.resolve(lines?.next()).then((next) => String(next?.value))]);
	const talker: Talker = {
		say: (word) => void child.stdin?.write(`${word}\n`),
		receive,
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
	const first = await receive();
	if (first !== 'ready') throw new Error(`${args.join(' ')}: ${first}`);
	return talker;
}

const PATIENCE_MS = 60_000;

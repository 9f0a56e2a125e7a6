// Many connections that stay open until they are disposed of.
import { once } from 'node:events';
import type { Identity, Namespace } from '../lab/net/namespace.ts';

export interface Target {
	readonly address: string;
	readonly port: number;
	/** The caller's own address, where it is not the first that fits. */
	readonly from?: string;
}

/** Accepts and keeps every connection on these ports. */
export const acceptConnections = (namespace: Namespace, ports: readonly number[]): Promise<Disposable> =>
	start(namespace, {}, keeper, ports);

/** Resolves once all of them are connected. */
export const openConnections = (
	namespace: Namespace,
	identity: Identity,
	targets: readonly Target[],
): Promise<Disposable> => start(namespace, identity, caller, targets);

const keeper = `
	const ports = JSON.parse(process.argv[1]);
	const servers = ports.map((port) => require('node:net').createServer((socket) => socket.on('error', () => {})).listen(port));
	Promise.all(servers.map((server) => new Promise((resolve) => server.on('listening', resolve)))).then(() => console.log('ready'));`;

const caller = `
	const sockets = JSON.parse(process.argv[1]).map(({ address, port, from }) =>
		require('node:net').connect({ host: address, port, localAddress: from }));
	Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('connect', resolve)))).then(() => console.log('ready'));
	for (const socket of sockets) socket.on('end', () => process.exit(1)).on('error', () => process.exit(1));`;

async function start(
	namespace: Namespace,
	identity: Identity,
	program: string,
	argument: unknown,
): Promise<Disposable> {
	const args = ['--eval', program, JSON.stringify(argument)];
	const child = namespace.spawn(process.execPath, args, {
		...identity,
		stdio: ['ignore', 'pipe', 'inherit'],
		cwd: '/',
	});
	const [first] = await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'close')]);
	if (String(first).trim() !== 'ready') throw new Error(`Nobody connects to ${JSON.stringify(argument)}`);
	return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

// The way from a host to one of its own ports, which lets so many bytes come back and then holds on.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/net/namespace.ts';

export interface Link extends Disposable {
	/** Resolves once nothing more comes back. */
	readonly held: Promise<void>;
	/** From now on all comes back. */
	readonly open: () => void;
}

export interface LinkOptions {
	readonly port: number;
	readonly to: number;
	readonly bytes: number;
}

const program = `
const { connect, createServer } = require('node:net');
const [port, to, bytes] = process.argv.slice(1).map(Number);
const holding = new Set();
let left = bytes;
createServer((near) => {
	const far = connect(to, '127.0.0.1');
	near.pipe(far);
	far.on('data', (part) => {
		near.write(part);
		left -= part.length;
		if (left > 0) return;
		far.pause();
		holding.add(far);
		console.log('held');
	});
	far.on('end', () => near.end()).on('error', () => near.destroy());
	near.on('error', () => undefined).on('close', () => far.destroy());
}).listen(port, () => console.log('listening'));
process.stdin.once('data', () => {
	left = Infinity;
	for (const far of holding) far.resume();
});`;

export async function startLink(host: Namespace, { port, to, bytes }: LinkOptions): Promise<Link> {
	const child = host.spawn(process.execPath, ['-e', program, '--', ...[port, to, bytes].map(String)], {
		...{ cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'inherit'] },
	});
	if (child.stdin === null || child.stdout === null) throw new Error('unreachable: they are pipes');
	const { stdin, stdout } = child;
	stdin.on('error', () => undefined);
	const lines = createInterface({ input: stdout });
	await once(lines, 'line');
	return {
		held: once(lines, 'line').then(() => undefined),
		open: () => void stdin.write('open\n'),
		[Symbol.dispose]: () => void child.kill('SIGKILL'),
	};
}

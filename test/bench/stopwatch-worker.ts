// Acts on import, as test/lab/net/peer-worker.ts does: the process behind a stopwatch. It ends with the one that started it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Command {
	readonly program: string;
	readonly args: readonly string[];
	readonly input?: string;
	/** Beside PATH. */
	readonly env?: Readonly<Record<string, string>>;
	/** Exit codes that are no failure; 0 unless given. */
	readonly codes?: readonly number[];
}

export type Order =
	| { readonly kind: 'run'; readonly commands: readonly Command[] }
	| { readonly kind: 'connect'; readonly address: string; readonly port: number; readonly count: number };

export type Report = { readonly ms: readonly number[] } | { readonly why: string };

async function run({ program, args, input = '', env = {}, codes = [0] }: Command): Promise<void> {
	const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'ignore', 'pipe'] });
	const complaints: string[] = [];
	child.stderr.on('data', (text) => complaints.push(String(text)));
	// A program may end before it has read all of its input.
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	const [code] = await once(child, 'close');
	if (!codes.includes(code)) throw new Error(`${program} ${args.join(' ')}: ${code}: ${complaints.join('').trim()}`);
}

/** The other side says its name and closes; then we do, so that our port is free again at once. */
async function dial(address: string, port: number): Promise<number> {
	const start = performance.now();
	const socket = connect({ host: address, port, noDelay: true });
	await once(socket, 'connect');
	const ms = performance.now() - start;
	socket.resume();
	await once(socket, 'close');
	return ms;
}

async function carryOut(order: Order): Promise<readonly number[]> {
	switch (order.kind) {
		case 'run': {
			const start = performance.now();
			for (const command of order.commands) await run(command);
			return [performance.now() - start];
		}
		case 'connect': {
			const latencies: number[] = [];
			for (let left = order.count; left > 0; left -= 1) latencies.push(await dial(order.address, order.port));
			return latencies;
		}
	}
}

const [uid] = process.argv.slice(2);
if (uid) {
	process.setgroups?.([]);
	process.setgid?.(Number(uid));
	process.setuid?.(Number(uid));
}
process.on('disconnect', () => process.exit(0));
process.on('message', async (order: Order) => {
	const report = await carryOut(order).then(
		(ms): Report => ({ ms }),
		(error): Report => ({ why: error instanceof Error ? error.message : String(error) }),
	);
	process.send?.(report);
});

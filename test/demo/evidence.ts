// What Envoy itself says about connections: its counters, and the lines of its access log.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import type { Way } from './connections.ts';

/** Downstream connections of each listener. */
export interface Counters {
	readonly in: number;
	readonly out: number;
}

export interface Evidence extends Disposable {
	/** To be called while no connection is under way: what comes later is told apart from what was. */
	readonly since: () => Since;
}

export interface Since {
	readonly counted: () => Counters;
	/** Which way a connection that has ended went: by its client's port, and the port that it dialled. */
	readonly wayOf: (ownPort: number, port: number) => Promise<Way>;
}

/** Envoy, as `turnout run` starts it, writes its log out four times a second; a busy machine may be much later. */
const LINE_LATE_MS = 30_000;

export function collectEvidence(host: Namespace, { socket }: TestDaemon): Evidence {
	const logs = host.spawn(turnoutProgram, ['logs', '-f', '--socket', socket]);
	const lines: string[] = [];
	if (logs.stdout) createInterface({ input: logs.stdout }).on('line', (line) => lines.push(line));
	return {
		since() {
			const [start, known] = [readCounters(host), lines.length];
			return {
				counted() {
					const now = readCounters(host);
					return { in: now.in - start.in, out: now.out - start.out };
				},
				wayOf: (ownPort, port) => untilLogged(() => wayIn(lines.slice(known), ownPort, port)),
			};
		},
		[Symbol.dispose]: () => void logs.kill('SIGKILL'),
	};
}

async function untilLogged(read: () => Way): Promise<Way> {
	const deadline = performance.now() + LINE_LATE_MS;
	while (read() === 'direct' && performance.now() < deadline) await sleep(10);
	return read();
}

function wayIn(lines: readonly string[], ownPort: number, port: number): Way {
	const named = new RegExp(`\\] (in|e)gress \\S+:${ownPort} -> \\S+:${port} `);
	const direction = lines.map((line) => named.exec(line)?.[1]).find((found) => found !== undefined);
	if (direction === undefined) return 'direct';
	return direction === 'in' ? 'in' : 'out';
}

/** Bash opens connections by itself, and is quickly started: Envoy is asked before and after each row. */
const ask = `exec 3<>/dev/tcp/127.0.0.1/9901
printf 'GET /stats?filter=^listener.*downstream_cx_total$ HTTP/1.1\\r\\nhost: admin\\r\\nconnection: close\\r\\n\\r\\n' >&3
cat <&3`;

function readCounters(host: Namespace): Counters {
	const reply = host.run('bash', ['-c', ask]);
	if (!reply.startsWith('HTTP/1.1 200'))
		throw new Error(`Envoy's admin interface does not tell its counters: ${reply}`);
	const sum = (port: number) =>
		[...reply.matchAll(new RegExp(`_${port}\\.downstream_cx_total: (\\d+)`, 'g'))].reduce(
			(total, [, count]) => total + Number(count),
			0,
		);
	return { in: sum(15000), out: sum(15001) };
}

// What Envoy itself says about connections: its counters, and the lines of its access log.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/net/namespace.ts';
import { type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import type { Way } from './chart.ts';

/** Downstream connections of each listener, since Envoy's start. */
export interface Counters {
	readonly in: number;
	readonly out: number;
}

export interface Witness extends Disposable {
	/** To be called when no connection is under way: what comes after is told from what was. */
	readonly watch: () => Promise<Watch>;
}

export interface Watch {
	readonly counted: () => Promise<Counters>;
	/** Which way a connection that has ended went: by the port of its client, and the one that it dialled. */
	readonly wayOf: (ownPort: number, port: number) => Promise<Way>;
}

/** Envoy, as `turnout run` starts it, writes its log out four times a second; a busy machine may be much later. */
const LINE_LATE_MS = 30_000;
const LOOK_MS = 10;

export function createWitness(host: Namespace, daemon: TestDaemon): Witness {
	using stack = new DisposableStack();
	const lines: string[] = [];
	const logs = stack.adopt(host.spawn(turnoutProgram, ['logs', '-f', '--socket', daemon.socket]), end);
	if (logs.stdout) createInterface({ input: logs.stdout }).on('line', (line) => lines.push(line));
	const asker = stack.adopt(host.spawn(process.execPath, ['--no-warnings', '--eval', askProgram]), end);
	const replies = createInterface({ input: asker.stdout ?? process.stdin })[Symbol.asyncIterator]();
	const counters = async (): Promise<Counters> => {
		asker.stdin?.write('\n');
		return parseCounters(String((await replies.next()).value));
	};
	const kept = stack.move();
	return {
		async watch() {
			const start = await counters();
			const known = lines.length;
			return {
				counted: async () => difference(await counters(), start),
				wayOf: (ownPort, port) => awaitWay(() => wayIn(lines.slice(known), ownPort, port)),
			};
		},
		[Symbol.dispose]: () => kept.dispose(),
	};
}

async function awaitWay(look: () => Way): Promise<Way> {
	const deadline = performance.now() + LINE_LATE_MS;
	while (look() === 'direct' && performance.now() < deadline) await sleep(LOOK_MS);
	return look();
}

const difference = (later: Counters, earlier: Counters): Counters => ({
	in: later.in - earlier.in,
	out: later.out - earlier.out,
});

function wayIn(lines: readonly string[], ownPort: number, port: number): Way {
	const named = new RegExp(`\\] (in|e)gress \\S+:${ownPort} -> \\S+:${port} `);
	const direction = lines.map((line) => named.exec(line)?.[1]).find((found) => found !== undefined);
	if (direction === undefined) return 'direct';
	return direction === 'in' ? 'in' : 'out';
}

const end = (child: ChildProcess): void => void child.kill('SIGKILL');

/** Runs inside the host, where Envoy's admin interface is; a line in, a line of JSON out. */
const askProgram = `
const path = '/stats?format=json&filter=^listener.*_1500[01].downstream_cx_total$';
const tell = (reply) => reply.setEncoding('utf8').on('data', (text) => process.stdout.write(text)).on('end', () => console.log());
const fail = (error) => console.log(JSON.stringify({ why: error.message }));
const ask = () => require('node:http').get({ host: '127.0.0.1', port: 9901, path }, tell).on('error', fail);
require('node:readline').createInterface(process.stdin).on('line', ask);
`;

interface Stats {
	readonly stats?: readonly { readonly name?: string; readonly value?: number }[];
	readonly why?: string;
}

function parseCounters(text: string): Counters {
	const { stats, why } = JSON.parse(text) as Stats;
	if (stats === undefined) throw new Error(`Envoy's admin interface does not tell its counters: ${why ?? text}`);
	const sum = (port: number) =>
		stats
			.filter(({ name = '' }) => name.endsWith(`_${port}.downstream_cx_total`))
			.reduce((total, { value = 0 }) => total + value, 0);
	return { in: sum(15000), out: sum(15001) };
}

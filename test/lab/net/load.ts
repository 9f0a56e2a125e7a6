// Connections that must be captured at all times, made without a pause by 8 clients: both ways, both families.
import assert from 'node:assert/strict';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from './layout.ts';
import type { Namespace } from './namespace.ts';
import type { Load } from './peer.ts';
import type { Peers } from './peers.ts';
import type { LoadCounts } from './protocol.ts';

interface Way {
	readonly way: 'egress' | 'ingress';
	readonly from: 'app' | 'world';
	readonly address: string;
	readonly port: number;
	readonly captured: string;
	readonly direct: string;
}

const egress = { way: 'egress', from: 'app', port: 443, captured: 'egress listener', direct: 'remote' } as const;
const ingress = { way: 'ingress', from: 'world', port: 8080, captured: 'ingress listener', direct: 'app' } as const;
const ways: readonly Way[] = [
	{ ...egress, address: addresses.remote.v4 },
	{ ...egress, address: addresses.remote.v6 },
	{ ...ingress, address: addresses.host.v4 },
	{ ...ingress, address: addresses.host.v6 },
];

/** Long, as a busy machine is slow; lost packets show in the kernel's counters instead. */
const PATIENCE_MS = 20_000;
const LIMIT_MS = 3_600_000;

/** Low, so that what is under test gets the processor whenever it wants it. */
const NICENESS = 19;

export interface CheckedLoad {
	/** Resolves once each way has had so many connections. */
	readonly reached: (connections: number) => Promise<void>;
	/** Fails unless each connection was answered, and only by those that the state allows. */
	readonly stop: (allowed: 'captured only' | 'captured or direct', least: number) => Promise<void>;
	/** Stops it as well, and counts the answers by who gave them. */
	readonly count: () => Promise<Counts>;
}

export interface Counts {
	readonly captured: number;
	/** Past Envoy. */
	readonly bypassed: number;
	readonly failed: number;
}

export async function startLoad(peers: Peers, timeoutMs = PATIENCE_MS): Promise<CheckedLoad> {
	for (const { pid } of [peers.world, peers.app, peers.proxyUser]) setPriority(pid, NICENESS);
	const loads = await Promise.all(
		ways.map(({ from, address, port }) =>
			peers[from].startLoad({ address, port, clients: 2, timeoutMs, limitMs: LIMIT_MS }),
		),
	);
	return {
		async reached(connections) {
			for (const load of loads) while ((await load.counts()).connections < connections) await sleep(20);
		},
		async count() {
			const counters = await stopAll(loads);
			const sum = (of: (counts: Way & LoadCounts) => number) =>
				counters.reduce((total, counts) => total + of(counts), 0);
			return {
				captured: sum(({ by, captured }) => by[captured] ?? 0),
				bypassed: sum(({ by, direct }) => by[direct] ?? 0),
				failed: sum(({ failures }) => Object.values(failures).reduce((total, count) => total + count, 0)),
			};
		},
		async stop(allowed, least) {
			const counters = await stopAll(loads);
			for (const { captured, direct, by, failures, limited, connections } of counters) {
				const names = allowed === 'captured only' ? [captured] : [captured, direct].sort();
				assert.deepEqual(
					{ by: Object.keys(by).sort(), failures, limited },
					{ by: names, failures: {}, limited: false },
				);
				// Zero connections prove nothing.
				assert.ok(connections >= least, `only ${connections} connections`);
			}
		},
	};
}

const stopAll = (loads: readonly Load[]): Promise<(Way & LoadCounts)[]> =>
	Promise.all(
		loads.map(async (load, at) => ({ ...(ways[at] ?? ways[0]), ...(await load.stop()) }) as Way & LoadCounts),
	);

/** One connection each way: all are captured, or none is. */
export async function requireAll(peers: Peers, state: 'captured' | 'direct'): Promise<void> {
	const answers = await Promise.all(
		ways.map(async ({ from, address, port }) => {
			const answer = await peers[from].connect(address, port, { timeoutMs: PATIENCE_MS });
			return answer.kind === 'answered' ? answer.by : answer.kind;
		}),
	);
	assert.deepEqual(
		answers,
		ways.map((way) => way[state]),
	);
}

/** SYNs that were sent again after a second: a dropped one does not fail a connection, only delays it. */
export function retriedConnections(namespace: Namespace): number {
	const [names = '', values = ''] = namespace
		.run('cat', ['/proc/net/netstat'])
		.split('\n')
		.filter((line) => line.startsWith('TcpExt:'));
	return Number(values.split(' ')[names.split(' ').indexOf('TCPSynRetrans')]);
}

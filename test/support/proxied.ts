// Load through a managed Envoy, and its daemon's status.
import assert from 'node:assert/strict';
import type { Status } from '../../src/status/types.ts';
import { addresses } from '../lab/net/layout.ts';
import type { Load } from '../lab/net/peer.ts';
import type { LoadCounts } from '../lab/net/protocol.ts';
import { askSocket } from '../lab/net/socket.ts';
import type { TestDaemon } from '../lab/turnout.ts';
import type { EnvoyHost } from './envoy-host.ts';
import { eventually } from './eventually.ts';

const { host: own, remote } = addresses;

/** 8 clients that connect almost without a pause: both ways, both families. */
export const startLoad = ({ app, world }: EnvoyHost): Promise<Load[]> => {
	const more = { clients: 2, pauseMs: 20, timeoutMs: 20_000, limitMs: 600_000 };
	return Promise.all([
		app.startLoad({ address: remote.v4, port: 443, ...more }),
		app.startLoad({ address: remote.v6, port: 443, ...more }),
		world.startLoad({ address: own.v4, port: 8080, ...more }),
		world.startLoad({ address: own.v6, port: 8080, ...more }),
	]);
};

/** Once each client has had something to count. */
export async function stopLoad(loads: readonly Load[]): Promise<LoadCounts[]> {
	await eventually(
		() => Promise.all(loads.map((load) => load.counts())),
		(counters) => counters.every(({ connections }) => connections > 50),
	);
	const counters = await Promise.all(loads.map((load) => load.stop()));
	for (const { connections, limited } of counters)
		assert.ok(connections > 50 && !limited, `${connections} connections`);
	return counters;
}

/** For diagnostics: answers by name, and failures by reason. */
export const summary = (counters: readonly LoadCounts[]): string =>
	counters.map(({ by, failures }) => JSON.stringify({ ...by, ...failures })).join(' ');

/** Over the daemon's socket: a process per poll would compete for the processor. */
export const statusOf = async ({ socket }: TestDaemon): Promise<Status> =>
	JSON.parse((await askSocket(socket, 'GET', '/v1/status')).text) as Status;

// Two real Envoys on the same ports, the admin port among them: who is asked, who lets go, and that nobody else notices.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { createActor } from '../../lab/actor.ts';
import { findEnvoy } from '../../lab/envoy.ts';
import { createNamespace, type Namespace } from '../../lab/namespace.ts';
import { identityArguments } from '../../src/envoy/launch.ts';
import { createProxyAdmin } from '../../src/host/admin.ts';
import { eventually } from '../support/eventually.ts';
import { type FarAdmin, type FarProxyAdmin, openFarAdmin } from '../support/far-admin.ts';
import { createEcho, holdConnection } from '../support/held.ts';

const ADMIN = 9901;
/** Leads to who says a name, and to who sends back what it is sent. */
const NAMED = 15001;
const ECHO = 15002;
const BEHIND = { [NAMED]: 8080, [ECHO]: 7 } as const;

interface Place {
	readonly host: Namespace;
	readonly far: FarAdmin;
	readonly start: () => Promise<Envoy>;
}

interface Envoy {
	readonly instance: string;
	readonly admin: FarProxyAdmin;
	readonly stop: () => Promise<void>;
}

async function createPlace(stack: AsyncDisposableStack): Promise<Place> {
	const program = await findEnvoy();
	const host = stack.use(createNamespace('admin'));
	host.run('ip', ['link', 'set', 'lo', 'up']);
	const app = stack.use(createActor(host));
	await app.listen('app', [BEHIND[NAMED]]);
	stack.use(await createEcho(host, BEHIND[ECHO]));
	const far = stack.use(openFarAdmin(host));
	const start = async (): Promise<Envoy> => {
		const instance = randomUUID();
		const child = host.spawn(program, argumentsOf(instance), { stdio: 'ignore' });
		stack.defer(() => end(child, 'SIGKILL'));
		const admin = far.admin(ADMIN, instance);
		await eventually(
			() => admin.info(),
			(info) => info?.state === 'LIVE',
		);
		return { instance, admin, stop: () => end(child, 'SIGTERM') };
	};
	return { host, far, start };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exit = once(child, 'exit');
	child.kill(signal);
	await exit;
}

const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** By tcp_proxy, each port to the one behind it. */
function argumentsOf(instance: string): string[] {
	const ways = Object.entries(BEHIND).map(([from, to]) => ({ name: `to-${to}`, from: Number(from), to }));
	const listeners = ways.map(({ name, from }) => ({
		...{ name, address: address(from) },
		filter_chains: [{ filters: [{ name: 'proxy', typed_config: { ...proxy, stat_prefix: name, cluster: name } }] }],
	}));
	const clusters = ways.map(({ name, to }) => ({
		name,
		load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(to) } }] }] },
	}));
	const bootstrap = { admin: { address: address(ADMIN) }, static_resources: { listeners, clusters } };
	const own = ['--disable-hot-restart', '--concurrency', '2', '--log-level', 'off'];
	// Envoy takes only one text on its command line, and that is the identity: the bootstrap is a file that needs no place.
	return ['-c', 'BOOTSTRAP', JSON.stringify(bootstrap), ...own, ...identityArguments(instance)];
}

const proxy = { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' };

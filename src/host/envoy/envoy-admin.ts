import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Listening } from '../../connections/listener-gaps.ts';
import type { AdminAddress, ProxyAdmin, ProxyIdentity } from '../../envoy/runtime.ts';
import { READING_LISTENER } from '../../values/reading-listener.ts';
import { blindPorts, STATIC_CLUSTERS, STATIC_LISTENERS } from './blind-listeners.ts';

const TIMEOUT_MS = 2_000;

/** Far more than all listeners of a large mesh take. */
const LARGEST_ANSWER = 32 * 1024 * 1024;

/** The admin interface of one Envoy (its paths: envoyproxy.io, operations/admin). */
export function createProxyAdmin(
	{ admin, instance }: Pick<ProxyIdentity, 'admin' | 'instance'>,
	timeoutMs: number = TIMEOUT_MS,
): ProxyAdmin {
	const ask = async <T>(act: (first: ServerInfo, session: Session) => Promise<T>, signal: AbortSignal) => {
		const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
		while (!deadline.aborted) {
			using session = createSession(admin, deadline);
			const info = infoOf(await session.send('GET', '/server_info'));
			if (info?.instance === instance) return await act(info, session);
			// On a former version's TCP port another Envoy may answer: the kernel picks one for each connection.
			if (info === undefined || 'socketPath' in admin) return undefined;
		}
		return undefined;
	};
	return {
		info: (signal) => ask(async ({ state, version }) => ({ state, version }), signal),
		listeners: (signal) =>
			ask(async (_, session) => listenersOf(await session.send('GET', '/listeners?format=json')), signal),
		blind: async (signal) =>
			(await ask(async (_, session) => {
				const listeners = objectOf(await session.send('GET', STATIC_LISTENERS));
				const clusters = objectOf(await session.send('GET', STATIC_CLUSTERS));
				return listeners === undefined || clusters === undefined ? [] : blindPorts(listeners, clusters);
			}, signal)) ?? [],
		connections: (signal) =>
			ask(async (_, session) => connectionsOf(await session.send('GET', ACTIVE_CONNECTIONS)), signal),
		counters: (names, signal) =>
			ask(async (_, session) => {
				const text = await session.send('GET', `/stats?usedonly&filter=${encodeURIComponent(names)}`);
				return text === undefined ? undefined : countersOf(text);
			}, signal),
		closed: async (signal) => void (await ask((_, session) => session.closed(signal), signal)),
		async drain(how, signal) {
			const query = how === 'graceful' ? '?graceful&skip_exit' : '';
			await ask(async (_, session) => session.send('POST', `/drain_listeners${query}`), signal);
		},
	};
}

/** Admin connections are no traffic; the workers' counts are part of their listeners'. */
const NOT_COUNTED = new RegExp(`\\.(worker_\\d+|main_thread)\\.|^listener\\.(admin|${READING_LISTENER})\\.`);
/** One figure for each listener. */
const ACTIVE_CONNECTIONS = `/stats?filter=${encodeURIComponent('^listener\\..*downstream_cx_active$')}`;

/** There is always one: that by which it is asked. */
const ADMIN_CONNECTIONS = /^listener\.admin\.downstream_cx_active: /m;

interface ServerInfo {
	readonly state: string;
	readonly version: string;
	readonly instance: string;
}

function infoOf(text: string | undefined): ServerInfo | undefined {
	const info = objectOf(text);
	if (typeof info?.['state'] !== 'string') return undefined;
	// "<commit>/1.40.0/Clean/RELEASE/BoringSSL"
	const version = String(info['version']);
	const { metadata } = (info['node'] ?? {}) as { metadata?: Readonly<Record<string, unknown>> };
	const instance = String(metadata?.['turnout'] ?? '');
	return { state: info['state'], version: version.split('/')[1] ?? version, instance };
}

interface Address {
	readonly socket_address?: { readonly address?: string; readonly port_value?: number };
}

interface Status {
	readonly name?: string;
	readonly local_address?: Address;
	readonly additional_local_addresses?: readonly Address[];
}

function listenersOf(text: string | undefined): Listening[] | undefined {
	const statuses = objectOf(text)?.['listener_statuses'] ?? [];
	if (text === undefined || !Array.isArray(statuses)) return undefined;
	return statuses
		.filter(({ name }: Status) => name !== READING_LISTENER)
		.flatMap((status: Status) => [status.local_address, ...(status.additional_local_addresses ?? [])])
		.flatMap((one) => {
			const { address, port_value: port } = one?.socket_address ?? {};
			return address === undefined || port === undefined ? [] : [{ address, port }];
		});
}

/** Undefined too where a bootstrap leaves this statistic out: then nothing tells of open connections. */
function connectionsOf(text: string | undefined): number | undefined {
	if (text === undefined || !ADMIN_CONNECTIONS.test(text)) return undefined;
	return text
		.split('\n')
		.filter((line) => !NOT_COUNTED.test(line))
		.reduce((sum, line) => sum + Number(/: (\d+)$/.exec(line)?.[1] ?? 0), 0);
}

const countersOf = (text: string): ReadonlyMap<string, number> =>
	new Map(
		text.split('\n').flatMap((line) => {
			const [, name = '', value] = /^(.+): (\d+)$/.exec(line) ?? [];
			return value === undefined ? [] : [[name, Number(value)] as const];
		}),
	);

/** Undefined if it is not a JSON object: then it is not Envoy that answers. */
function objectOf(text: string | undefined): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text ?? '');
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

interface Session extends Disposable {
	/** The body of a 200; undefined for any other outcome. */
	readonly send: (method: string, path: string) => Promise<string | undefined>;
	/** Resolves when the connection is closed, by either end. */
	readonly closed: (signal: AbortSignal) => Promise<void>;
}

/** One connection, so that a second request reaches the same process as the first. */
function createSession(admin: AdminAddress, signal: AbortSignal): Session {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	let last: Socket | undefined;
	return {
		closed: (until) =>
			new Promise((resolve) => {
				if (last === undefined || last.destroyed || until.aborted) return resolve();
				last.once('close', () => resolve());
				until.addEventListener('abort', () => resolve(), { once: true });
			}),
		send: (method, path) =>
			new Promise((resolve) => {
				const call = request({ host: '127.0.0.1', ...admin, method, path, signal, agent }, (reply) => {
					let body = '';
					last = reply.socket;
					reply.setEncoding('utf8');
					reply.on('data', (part: string) => {
						body += part;
						if (body.length > LARGEST_ANSWER) reply.destroy(new Error('The answer is too long'));
					});
					reply.on('end', () => resolve(reply.statusCode === 200 ? body : undefined));
					reply.on('error', () => resolve(undefined));
				});
				call.on('error', () => resolve(undefined));
				call.end();
			}),
		[Symbol.dispose]: () => agent.destroy(),
	};
}

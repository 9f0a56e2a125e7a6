import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { ProxyAdmin } from '../ports-proxy.ts';

const TIMEOUT_MS = 2_000;

/**
 * While one Envoy takes over from another both answer on the admin port, and the kernel picks one of them for each
 * connection. So often it is tried until the right one answers.
 */
const ATTEMPTS = 16;

/** Envoy's admin interface on 127.0.0.1 (its paths: envoyproxy.io, operations/admin). `instance`: see ProxyIdentity. */
export function createProxyAdmin(port: number, instance: string, timeoutMs: number = TIMEOUT_MS): ProxyAdmin {
	const ask = async <T>(act: (first: ServerInfo, asking: Asking) => Promise<T>, signal: AbortSignal) => {
		const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
		for (let attempt = 1; attempt <= ATTEMPTS && !patience.aborted; attempt += 1) {
			using asking = createAsking(port, patience);
			const info = infoOf(await asking.send('GET', '/server_info'));
			if (info === undefined) return undefined;
			if (info.instance === instance) return await act(info, asking);
		}
		return undefined;
	};
	return {
		info: (signal) => ask(async ({ state, version }) => ({ state, version }), signal),
		ports: (signal) => ask(async (_, asking) => portsOf(await asking.send('GET', '/listeners?format=json')), signal),
		connections: (signal) =>
			ask(async (_, asking) => connectionsOf(await asking.send('GET', ACTIVE_CONNECTIONS)), signal),
		closed: async (signal) => void (await ask((_, asking) => asking.closed(signal), signal)),
		async drain(how, signal) {
			const query = how === 'graceful' ? '?graceful&skip_exit' : '';
			await ask(async (_, asking) => asking.send('POST', `/drain_listeners${query}`), signal);
		},
	};
}

/** Of each listener as a whole; those of its workers are in it. */
const ACTIVE_CONNECTIONS = `/stats?filter=${encodeURIComponent('^listener\\..*downstream_cx_active$')}`;

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
	readonly socket_address?: { readonly port_value?: number; readonly protocol?: string };
}

function portsOf(text: string | undefined): number[] | undefined {
	const statuses = objectOf(text)?.['listener_statuses'] ?? [];
	if (text === undefined || !Array.isArray(statuses)) return undefined;
	const open = statuses
		.flatMap((status: { local_address?: Address; additional_local_addresses?: readonly Address[] }) => [
			status.local_address,
			...(status.additional_local_addresses ?? []),
		])
		.flatMap((address) => address?.socket_address?.port_value ?? []);
	return [...new Set(open)];
}

const connectionsOf = (text: string | undefined): number | undefined =>
	text
		?.split('\n')
		.filter((line) => !/\.(worker_\d+|main_thread)\.|^listener\.admin\./.test(line))
		.reduce((sum, line) => sum + Number(/: (\d+)$/.exec(line)?.[1] ?? 0), 0);

/** Undefined where it is no JSON object: then it is no Envoy that answers. */
function objectOf(text: string | undefined): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text ?? '');
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

interface Asking extends Disposable {
	/** The body of a 200; undefined where nobody answers so. */
	readonly send: (method: string, path: string) => Promise<string | undefined>;
	/** Resolves when the connection is closed, by whomever. */
	readonly closed: (signal: AbortSignal) => Promise<void>;
}

/** One connection, so that what is asked second is asked of who answered first. */
function createAsking(port: number, signal: AbortSignal): Asking {
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
				const call = request({ host: '127.0.0.1', port, method, path, signal, agent }, (reply) => {
					let body = '';
					last = reply.socket;
					reply.setEncoding('utf8');
					reply.on('data', (part: string) => {
						body += part;
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

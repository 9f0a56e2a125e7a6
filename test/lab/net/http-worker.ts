// Acts on import: HTTP servers and clients of one user on one host. Arguments: uid, gid. Each line of standard input is an
// order, each line of standard output its answer; both are JSON with an id.
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as requestByTls } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Heard, HttpAnswer, HttpOrder, HttpTarget, Served } from './http-peer.ts';

const [uid, gid] = process.argv.slice(-2).map(Number);
if (gid !== undefined && !Number.isNaN(gid) && gid > 0) {
	process.setgroups?.([]);
	process.setgid?.(gid);
}
if (uid !== undefined && !Number.isNaN(uid) && uid > 0) process.setuid?.(uid);

const servers = new Map<string, Server>();
interface Load {
	isOver: boolean;
	readonly counts: Record<string, number>;
	heard: Record<string, Heard>;
	lastBy: string;
	readonly ended: Promise<unknown>;
}
const loads = new Map<number, Load>();
const seen = new Map<string, number>();

function get(
	{ address, port, host, path = '/', method = 'GET', headers = {}, timeoutMs = 5_000, tls }: HttpTarget,
	agent?: Agent,
): Promise<HttpAnswer> {
	return new Promise((resolve) => {
		const startedMs = performance.now();
		const end = (answer: Omit<HttpAnswer, 'ms'>) => resolve({ ...answer, ms: performance.now() - startedMs });
		const options = {
			host: address,
			port,
			path,
			method,
			headers: { host, ...headers },
			timeout: timeoutMs,
			...(agent === undefined ? { agent: false as const } : { agent }),
			...(tls === undefined ? {} : { ...tls, rejectUnauthorized: tls.ca !== undefined }),
		};
		const asked = (tls === undefined ? request : requestByTls)(options, (response) => {
			let body = '';
			response.setEncoding('utf8');
			response.on('data', (part) => {
				body += part;
			});
			response.on('end', () =>
				end({ status: response.statusCode ?? 0, body, headers: response.headers as Record<string, string> }),
			);
			response.on('error', (error) => end({ status: 0, body: error.message, headers: {} }));
		});
		asked.on('timeout', () => asked.destroy(new Error('timeout')));
		asked.on('error', (error: NodeJS.ErrnoException) =>
			end({ status: 0, body: error.code ?? error.message, headers: {} }),
		);
		asked.end();
	});
}

function answererOf({ name, status = 200, statuses = [], delayMs = 0 }: Served) {
	const first = [...statuses];
	return (asked: IncomingMessage, answer: ServerResponse) => {
		seen.set(name, (seen.get(name) ?? 0) + 1);
		const code = first.shift() ?? status;
		setTimeout(() => {
			if (code === 0) {
				asked.destroy();
				return;
			}
			answer.writeHead(code, {
				...{ 'content-type': 'text/plain', 'x-path': asked.url ?? '', 'x-host': asked.headers.host ?? '' },
				...{ 'x-from': asked.socket.remoteAddress?.replace('::ffff:', '') ?? '' },
				'x-headers': Object.keys(asked.headers).join(),
				...(asked.socket instanceof TLSSocket ? { 'x-servername': `${asked.socket.servername}` } : {}),
			});
			answer.end(name);
		}, delayMs);
	};
}

function count(counts: Record<string, number>, { status, body }: HttpAnswer): string {
	const key = status === 200 ? body : `${status} ${body.trim()}`;
	counts[key] = (counts[key] ?? 0) + 1;
	return key;
}

function note(load: Load, by: string, nowMs: number): void {
	const known = load.heard[by];
	load.heard[by] = {
		firstMs: known?.firstMs ?? nowMs,
		sinceMs: load.lastBy === by ? (known?.sinceMs ?? nowMs) : nowMs,
	};
	load.lastBy = by;
}

const orders: {
	readonly [K in HttpOrder['kind']]: (order: Extract<HttpOrder, { readonly kind: K }>) => Promise<unknown>;
} = {
	serve: (served) =>
		new Promise((resolve, reject) => {
			const { tls, address, port } = served;
			const listen = answererOf(served);
			const server =
				tls === undefined
					? createServer(listen)
					: createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, listen);
			server.on('error', reject);
			server.listen(port, address, () => resolve(servers.set(`${address}:${port}`, server).size));
		}),
	async stop({ address, port }) {
		const server = servers.get(`${address}:${port}`);
		server?.closeAllConnections();
		await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
	},
	get: ({ target }) => get(target),
	async many({ target, times, workers }) {
		const counts: Record<string, number> = {};
		const agent = new Agent({ keepAlive: true });
		let left = times;
		const work = async () => {
			while (left > 0) {
				left -= 1;
				count(counts, await get(target, agent));
			}
		};
		await Promise.all(Array.from({ length: workers }, work));
		agent.destroy();
		return counts;
	},
	seen: async ({ name }) => seen.get(name) ?? 0,
	async load({ id, target, workers, pauseMs }) {
		const counts: Record<string, number> = {};
		const agent = new Agent({ keepAlive: true });
		const work = async () => {
			while (!own.isOver) {
				const by = count(counts, await get(target, agent));
				note(own, by, Date.now());
				if (pauseMs > 0) await sleep(pauseMs);
			}
		};
		const own: Load = { isOver: false, counts, heard: {}, lastBy: '', ended: Promise.resolve() };
		const ended = Promise.all(Array.from({ length: workers }, work)).finally(() => agent.destroy());
		loads.set(id, Object.assign(own, { ended }));
	},
	counts: async ({ load }) => ({ ...loads.get(load)?.counts }),
	heard: async ({ load }) => ({ ...loads.get(load)?.heard }),
	async forget({ load }) {
		const own = loads.get(load);
		if (own !== undefined) own.heard = {};
	},
	async halt({ load }) {
		const own = loads.get(load);
		if (own !== undefined) own.isOver = true;
		await own?.ended;
		return own?.counts ?? {};
	},
};

for await (const line of createInterface({ input: process.stdin })) {
	const order = JSON.parse(line) as HttpOrder;
	void (orders[order.kind] as (order: HttpOrder) => Promise<unknown>)(order)
		.then(
			(result) => ({ id: order.id, result: result ?? null }),
			(error: Error) => ({ id: order.id, error: error.message }),
		)
		.then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
process.exit();

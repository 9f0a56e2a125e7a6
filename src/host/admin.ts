import { request } from 'node:http';
import type { ProxyAdmin } from '../ports.ts';

const TIMEOUT_MS = 2_000;

/** Envoy's admin interface on 127.0.0.1 (its paths: envoyproxy.io, operations/admin). */
export function createProxyAdmin(port: number): ProxyAdmin {
	return {
		async info(signal) {
			const text = await ask(port, 'GET', '/server_info', signal);
			if (text === undefined) return undefined;
			const { state = '', version = '' } = JSON.parse(text) as { state?: string; version?: string };
			// "<commit>/1.40.0/Clean/RELEASE/BoringSSL"
			return { state, version: version.split('/')[1] ?? version };
		},
		async drain(signal) {
			await ask(port, 'POST', '/drain_listeners?graceful&skip_exit', signal);
		},
		async connections(signal) {
			const text = await ask(port, 'GET', '/stats?filter=^listener\\..*downstream_cx_active$&format=json', signal);
			const { stats = [] } = JSON.parse(text ?? '{}') as { stats?: readonly { name?: string; value?: number }[] };
			return stats
				.filter(({ name = '' }) => !name.startsWith('listener.admin.'))
				.reduce((sum, { value = 0 }) => sum + value, 0);
		},
	};
}

/** The body of a 200; undefined where nobody answers so. */
function ask(port: number, method: string, path: string, signal: AbortSignal): Promise<string | undefined> {
	const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
	return new Promise((resolve) => {
		const call = request({ host: '127.0.0.1', port, method, path, signal: timeout, agent: false }, (reply) => {
			let body = '';
			reply.setEncoding('utf8');
			reply.on('data', (part: string) => {
				body += part;
			});
			reply.on('end', () => resolve(reply.statusCode === 200 ? body : undefined));
			reply.on('error', () => resolve(undefined));
		});
		call.on('error', () => resolve(undefined));
		call.end();
	});
}

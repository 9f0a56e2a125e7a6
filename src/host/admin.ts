import { request } from 'node:http';
import type { ProxyAdmin } from '../ports.ts';

const TIMEOUT_MS = 2_000;

/** Envoy's admin interface on 127.0.0.1 (its paths: envoyproxy.io, operations/admin). */
export function createProxyAdmin(port: number): ProxyAdmin {
	return {
		async info(signal) {
			const info = objectOf(await ask(port, 'GET', '/server_info', signal));
			if (typeof info?.['state'] !== 'string') return undefined;
			// "<commit>/1.40.0/Clean/RELEASE/BoringSSL"
			const version = String(info['version']);
			return { state: info['state'], version: version.split('/')[1] ?? version };
		},
		async drain(signal) {
			await ask(port, 'POST', '/drain_listeners?graceful&skip_exit', signal);
		},
	};
}

/** Undefined where it is no JSON object: then it is no Envoy that answers. */
function objectOf(text: string | undefined): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text ?? '');
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
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

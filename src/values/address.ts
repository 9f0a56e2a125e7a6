import { isIP } from 'node:net';

/** `10.0.0.1`, `10.0.0.1:2000`, `::1`, `[::1]:2000`. What has no port is the host alone. */
export function splitAddress(text: string): { readonly host: string; readonly port?: string } {
	if (isIP(text) > 0) return { host: text };
	const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
	const host = bracketed ?? plain;
	return host === undefined || port === undefined ? { host: text } : { host, port };
}

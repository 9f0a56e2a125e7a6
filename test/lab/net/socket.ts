// The daemon's socket as curl sees it: a verb, a path and a body of one's own, and whatever comes back.
import { type IncomingHttpHeaders, request } from 'node:http';

export interface Reply {
	readonly status: number;
	readonly text: string;
	readonly headers: IncomingHttpHeaders;
}

export function askSocket(
	socketPath: string,
	method: string,
	path: string,
	body = '',
	more: Readonly<Record<string, string>> = {},
): Promise<Reply> {
	return new Promise((resolve, reject) => {
		const headers = { ...more, ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }) };
		const call = request({ socketPath, method, path, headers, agent: false }, (reply) => {
			const read = { text: '' };
			reply.setEncoding('utf8').on('data', (part: string) => {
				read.text += part;
			});
			reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text: read.text, headers: reply.headers }));
			reply.on('error', reject);
		});
		call.on('error', reject).end(body);
	});
}

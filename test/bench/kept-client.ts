// A client that keeps its connection, as a controller would: what is measured is the daemon, not the way to it.
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface KeptClient extends Disposable {
	/** Milliseconds from the request to the last byte of the reply; rejects unless that is 200. */
	readonly post: (path: string, body?: object) => Promise<number>;
	readonly get: (path: string) => Promise<string>;
	/** How long the daemon itself says that it took to commit the rules last, in milliseconds. */
	readonly loggedMs: () => Promise<number>;
}

export function createKeptClient(socketPath: string): KeptClient {
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	const ask = async (method: string, path: string, sent?: object): Promise<string> => {
		const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
		request({ socketPath, agent, method, path }, resolve)
			.on('error', reject)
			.end(sent === undefined ? undefined : JSON.stringify(sent));
		const reply = await promise;
		const body = await text(reply);
		if (reply.statusCode !== 200) throw new Error(`${method} ${path}: ${body}`);
		return body;
	};
	return {
		async post(path, body) {
			const start = performance.now();
			await ask('POST', path, body);
			return performance.now() - start;
		},
		get: (path) => ask('GET', path),
		loggedMs: async () => lastEnabledMs(await ask('GET', '/v1/events?tail=5')),
		[Symbol.dispose]: () => agent.destroy(),
	};
}

function lastEnabledMs(events: string): number {
	const lines = events.split('\n').filter((line) => line.includes('"interception enabled"'));
	return (JSON.parse(lines.at(-1) ?? '{"ms":null}') as { ms: number }).ms;
}

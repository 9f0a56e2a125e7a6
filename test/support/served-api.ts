// App Mesh's API on a unix socket, over a store in memory.
import { once } from 'node:events';
import { join } from 'node:path';
import type { ApiContext } from '../../src/control/api.ts';
import { createApiServer, type ServerOptions } from '../../src/control/api-server.ts';
import { withoutKeys } from '../../src/control/authorise.ts';
import { parseQuotas } from '../../src/control/quotas.ts';
import { createRequestCounts } from '../../src/control/request-counts.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { askSocket } from '../lab/net/socket.ts';
import { createFakeClock } from './fake-clock.ts';
import { createMemoryHistory } from './memory-history.ts';
import { createMemoryStore } from './memory-store.ts';

export interface ApiReply {
	readonly status: number;
	/** Such as NotFoundException; undefined: it is no error. */
	readonly type: string | undefined;
	readonly message: string;
	// biome-ignore lint/suspicious/noExplicitAny: whatever the API has answered
	readonly body: any;
}

export type Ask = (method: string, path: string, body?: object | string, host?: string) => Promise<ApiReply>;

export async function serveApi(
	more: Partial<Pick<ApiContext, 'quotas' | 'store' | 'history'>> = {},
	{ authorise = withoutKeys, ...options }: Partial<ServerOptions> = {},
) {
	const stack = new AsyncDisposableStack();
	const socket = join(stack.use(createScratch('api')).path, 'socket');
	const events: Record<string, unknown>[] = [];
	const store = createMemoryStore();
	const history = createMemoryHistory();
	const clock = createFakeClock();
	const log: ApiContext['log'] = (level, event, fields) => void events.push({ level, event, ...fields });
	const owner = { account: '123456789012', region: 'eu-west-1' };
	const requests = createRequestCounts();
	const context = { store, history, owner, quotas: parseQuotas(''), clock, log, requests, ...more };
	const server = createApiServer(context, { authorise, ...options });
	server.listen(socket);
	await once(server, 'listening');
	stack.defer(() => {
		server.close();
		server.closeAllConnections();
	});
	const ask: Ask = async (method, path, body = '', host = 'localhost') => {
		const text = typeof body === 'string' ? body : JSON.stringify(body);
		const reply = await askSocket(socket, method, `/v20190125${path}`, text, { host });
		const type = reply.headers['x-amzn-errortype'];
		const parsed = JSON.parse(reply.text);
		return { status: reply.status, type: type?.toString(), message: parsed.message ?? '', body: parsed };
	};
	return {
		...{ ask, store, history, clock, events, socket, server },
		[Symbol.asyncDispose]: () => stack.disposeAsync(),
	};
}

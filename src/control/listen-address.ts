import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { isLoopback } from './authorise.ts';

export interface ListenAddress {
	readonly options: { readonly path: string } | { readonly host: string; readonly port: number };
	/** As clients write it. */
	readonly shown: string;
}

/** `ADDRESS:PORT` or the path of a unix socket. Throws an Error that says what is wrong. */
export function parseListen(text: string, hasKeys: boolean): ListenAddress {
	if (text.startsWith('/')) return onSocket(text);
	const [, host = '', port = ''] = /^(\[[\da-f:]+\]|[^:]+):(\d{1,5})$/i.exec(text) ?? [];
	if (host === '' || Number(port) > 65_535) throw new Error('it takes ADDRESS:PORT, or the path of a unix socket');
	if (!hasKeys && !isLoopback(host))
		throw new Error(`without --keys anybody who reaches ${host} could change the mesh: it takes the loopback only`);
	return { options: { host: host.replace(/[[\]]/g, ''), port: Number(port) }, shown: `http://${host}:${port}` };
}

function onSocket(path: string): ListenAddress {
	if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { options: { path }, shown: path };
	throw new Error(`a socket's path has at most ${LONGEST_SOCKET_PATH} bytes`);
}

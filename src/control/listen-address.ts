import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { findTcpAddress, type TcpAddress, tcpText } from '../values/tcp-address.ts';
import { isLoopback } from './authorise.ts';

export interface ListenAddress {
	readonly options: { readonly path: string } | TcpAddress;
	/** As clients write it. */
	readonly shown: string;
}

export interface AdsListenAddress extends ListenAddress {
	readonly options: TcpAddress;
}

/** What protects a listener. */
interface Protection {
	/** Access keys; or, for Envoys, an authority whose certificates they have. */
	readonly knowsClients: boolean;
	readonly hasTls: boolean;
}

/** `ADDRESS:PORT` or the path of a unix socket. Throws an Error that says what is wrong. */
export function parseListen(text: string, { knowsClients, hasTls }: Protection): ListenAddress {
	if (text.startsWith('/')) return onSocket(text);
	const options = parseTcp(text, 'it takes ADDRESS:PORT, or the path of a unix socket');
	if (!knowsClients && !isLoopback(options.host))
		throw new Error(
			`without --keys anybody who reaches ${options.host} could change the mesh: it takes the loopback only`,
		);
	return { options, shown: `${hasTls ? 'https' : 'http'}://${tcpText(options)}` };
}

/** Where Envoys ask. What they get are the addresses of a whole mesh, and where its certificates stand. */
export function parseAdsListen(text: string, { knowsClients, hasTls }: Protection): AdsListenAddress {
	const options = parseTcp(text, 'it takes ADDRESS:PORT');
	const missing = hasTls ? '--client-ca or --keys' : '--certificate and --client-ca or --keys';
	if (!isLoopback(options.host) && !(knowsClients && hasTls))
		throw new Error(
			`without ${missing} anybody who reaches ${options.host} could read the mesh: it takes the loopback only`,
		);
	return { options, shown: tcpText(options) };
}

function parseTcp(text: string, allowed: string): TcpAddress {
	const address = findTcpAddress(text);
	if (address === undefined) throw new Error(allowed);
	return address;
}

function onSocket(text: string): ListenAddress {
	if (Buffer.byteLength(text) <= LONGEST_SOCKET_PATH) return { options: { path: text }, shown: text };
	throw new Error(`a socket's path has at most ${LONGEST_SOCKET_PATH} bytes`);
}

import { constants, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as PlainServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type Server, TLSSocket } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { Failure } from '../../failure.ts';
import type { AdsCaller, PresentedCertificate } from '../../xds/ads-caller.ts';
import { type AcceptCall, type AdsCall, type AdsConnection, type AdsSend, createAdsService } from './ads-service.ts';

type AcceptEnvoy = (caller: AdsCaller, send: AdsSend) => Promise<AdsConnection>;

export interface AdsListenerOptions {
	/** Undefined: in plain text. */
	readonly tls: SecureContextOptions | undefined;
	/** Rejects where the Envoy is not who it has to be. */
	readonly accept: AcceptEnvoy;
	/** The same for load reports. */
	readonly acceptReports: AcceptEnvoy;
	/** A connection has ended for a reason of TLS. */
	readonly onTlsProblem: (address: string, why: string) => void;
	/** How long the beginning of TLS may take. */
	readonly handshakeMs?: number;
	readonly mostConnections?: number;
}

export interface AdsListener {
	/** For the connections that come from now on. */
	readonly renew: (tls: SecureContextOptions) => void;
	readonly close: () => void;
}

/** A peer that is gone without a word is noticed, and one that only holds a connection is let go. */
const grpcOptions = {
	...{ 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 },
	...{ 'grpc.max_connection_idle_ms': 60_000, 'grpc.max_concurrent_streams': 16 },
};
const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 8_192;

/**
 * ADS over TCP. Connections are accepted here and then handed to gRPC, whose own listeners do not say what is wrong with a
 * certificate. `accept` judges it, so that also the log of the Envoy says why it is refused.
 */
export async function openAdsListener(
	address: { readonly host: string; readonly port: number },
	{ tls, onTlsProblem, handshakeMs = HANDSHAKE_MS, mostConnections = MOST_CONNECTIONS, ...doors }: AdsListenerOptions,
): Promise<AdsListener> {
	const sockets = new Map<string, Socket>();
	const strangers = new Map<string, Socket>();
	const by =
		(accept: AcceptEnvoy): AcceptCall =>
		async (call, send) => {
			const connection = await accept(callerOf(call, sockets.get(call.getPeer())), send);
			strangers.delete(call.getPeer());
			return connection;
		};
	const service = createAdsService(by(doors.accept), grpcOptions, onePerPeer(by(doors.acceptReports)));
	const injector = service.createConnectionInjector(ServerCredentials.createInsecure());
	const tell = (error: Error, { remoteAddress = '' }: Socket): void => {
		if ('code' in error && String(error.code).startsWith('ERR_SSL')) onTlsProblem(remoteAddress, error.message);
	};
	// Node leaves it open where it says nothing.
	const refuse = (error: Error, socket: TLSSocket): void => {
		tell(error, socket);
		socket.destroy();
	};
	const take = (socket: Socket): void => {
		const name = nameOf(socket);
		sockets.set(name, socket);
		socket.on('error', (error) => tell(error, socket)).on('close', () => sockets.delete(name));
		injector.injectConnection(socket);
	};
	const secure = tls === undefined ? undefined : createSecure(tls, handshakeMs, take).on('tlsClientError', refuse);
	const server = secure ?? createServer({ noDelay: true }, take);
	const open = openSockets(server, strangers, mostConnections);
	await once(server.listen(address), 'listening');
	return {
		renew: (next) => secure?.setSecureContext(contextOf(next)),
		close() {
			server.close();
			service.forceShutdown();
			for (const socket of open) socket.destroy();
		},
	};
}

/** Of load reports an Envoy has one stream: more would be there only to be held. */
function onePerPeer(accept: AcceptCall): AcceptCall {
	const taken = new Set<string>();
	return (call, send) => {
		const peer = call.getPeer();
		if (taken.has(peer))
			throw new Failure('config', 'its connection has a stream of load reports', 'Only Envoy is to report load here');
		taken.add(peer);
		call.once('close', () => taken.delete(peer));
		return accept(call, send);
	};
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;

/**
 * Also those that have not begun with TLS. For one too many that one goes which has not said for the longest time who it is:
 * strangers keep no Envoy away.
 */
function openSockets(server: PlainServer, strangers: Map<string, Socket>, most: number): ReadonlySet<Socket> {
	const open = new Set<Socket>();
	server.on('connection', (socket: Socket) => {
		const name = nameOf(socket);
		open.add(socket);
		strangers.set(name, socket);
		socket.once('close', () => {
			open.delete(socket);
			strangers.delete(name);
		});
		const [longest] = strangers.values();
		if (open.size > most) longest?.destroy();
	});
	return open;
}

const createSecure = (tls: SecureContextOptions, handshakeTimeout: number, take: (socket: TLSSocket) => void): Server =>
	createTlsServer(
		{
			...{ ...contextOf(tls), requestCert: tls.ca !== undefined, rejectUnauthorized: false },
			...{ ALPNProtocols: ['h2'], handshakeTimeout, noDelay: true },
		},
		take,
	);

/** Without tickets: what takes up a former session is not judged by the time and the authorities of now. */
const contextOf = (tls: SecureContextOptions): SecureContextOptions => ({
	...tls,
	...{ minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET },
});

const callerOf = (call: AdsCall, socket: Socket | undefined): AdsCaller => ({
	address: socket?.remoteAddress ?? '',
	certificate: socket instanceof TLSSocket ? certificateOf(socket) : undefined,
	request: { method: 'POST', target: call.getPath(), rawHeaders: rawHeadersOf(call), body: new Uint8Array() },
});

function certificateOf(socket: TLSSocket): PresentedCertificate | undefined {
	const { raw } = socket.getPeerCertificate();
	// Without one it is an empty object.
	if (raw === undefined) return undefined;
	const { subject, subjectAltName = '', validTo, serialNumber } = new X509Certificate(raw);
	const name = subject.split('\n').at(-1) ?? '';
	const problem = socket.authorized ? '' : String(socket.authorizationError);
	return { subject: name, alternativeNames: subjectAltName, serialNumber, validTo, problem };
}

/** As the signature covers them. gRPC's clients of AWS leave the default port out, whatever they send. */
const rawHeadersOf = (call: AdsCall): readonly string[] => [
	...['host', call.getHost().replace(/:(?:80|443)$/, '')],
	...Object.entries(call.metadata.toHttp2Headers()).flatMap(([name, values]) =>
		[values].flat().flatMap((value) => [name, String(value)]),
	),
];

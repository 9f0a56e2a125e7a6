// A server of certificates (SDS) on a unix socket, as SPIRE's agent is one.
import { chmodSync } from 'node:fs';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { createCodec } from '../../src/host/ads/codec.ts';
import { typeOf } from '../../src/xds/snapshot.ts';
import type { Pems } from '../lab/net/http-peer.ts';

/** By name: a certificate with its key, or an authority. */
export type Secrets = Readonly<Record<string, Pems>>;

export interface SdsServer extends Disposable {
	readonly listen: (path: string) => Promise<void>;
	/** Names of those that Envoy has accepted. */
	readonly accepted: () => readonly string[];
	/** Hands out these from now on, also to those who have former ones. */
	readonly renew: (secrets: Secrets) => void;
}

const SECRET = typeOf('extensions.transport_sockets.tls.v3.Secret');
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const asItIs = (bytes: Buffer): Uint8Array => bytes;
const service = {
	streamSecrets: {
		path: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
		...{ requestStream: true, responseStream: true, requestSerialize: asBuffer, requestDeserialize: asItIs },
		...{ responseSerialize: asBuffer, responseDeserialize: asItIs },
	},
} as const;

const codec = createCodec();
const inline = (text: string | undefined) => ({ inlineString: text ?? '' });
const bodyOf = ({ cert, key, ca }: Pems) =>
	ca === undefined
		? { tlsCertificate: { certificateChain: inline(cert), privateKey: inline(key) } }
		: { validationContext: { trustedCa: inline(ca) } };

export function createSdsServer(first: Secrets): SdsServer {
	let secrets = first;
	let version = 1;
	const senders = new Map<ServerDuplexStream<Uint8Array, Uint8Array>, () => void>();
	const accepted = new Set<string>();
	const server = new Server();
	const serve = (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
		call.on('error', () => undefined);
		call.on('close', () => senders.delete(call));
		call.on('data', (bytes: Uint8Array) => {
			const { resourceNames, versionInfo } = codec.decodeRequest(bytes);
			const send = () => {
				const known = resourceNames.flatMap((name) =>
					secrets[name] === undefined ? [] : [{ name, ...bodyOf(secrets[name]) }],
				);
				const resources = known.map((secret) => codec.encodeResource({ '@type': SECRET, ...secret }));
				call.write(
					codec.encodeResponse({ typeUrl: SECRET, versionInfo: `${version}`, nonce: `${version}`, resources }),
				);
			};
			senders.set(call, send);
			if (versionInfo !== `${version}`) return send();
			for (const name of resourceNames) accepted.add(name);
		});
	};
	server.addService(service, { streamSecrets: serve });
	return {
		accepted: () => [...accepted],
		async listen(path) {
			await new Promise<void>((resolve, reject) =>
				server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
					error === null ? resolve() : reject(error),
				),
			);
			chmodSync(path, 0o666);
		},
		renew(next) {
			secrets = next;
			version += 1;
			for (const send of senders.values()) send();
		},
		[Symbol.dispose]: () => server.forceShutdown(),
	};
}

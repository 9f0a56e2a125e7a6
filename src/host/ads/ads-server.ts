import { chmodSync, lstatSync } from 'node:fs';
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { Failure, failureOf } from '../../failure.ts';
import { describeFsError, removeQuietly } from '../../lib/fs.ts';

/** Envoy's end of one stream. */
export interface AdsPeer {
	/** Returns false where Envoy reads more slowly than it is sent, until it has drained. */
	readonly send: (bytes: Uint8Array) => boolean;
}

/** Our end of it. */
export interface AdsConnection {
	/** What it throws ends the stream with that reason; Envoy connects again later. */
	readonly receive: (bytes: Uint8Array) => void;
	readonly drained: () => void;
	readonly close: () => void;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asItIs = (bytes: Buffer): Uint8Array => bytes;

/** envoy/service/discovery/v3/ads.proto; messages stay bytes. */
const service: ServiceDefinition = {
	streamAggregatedResources: {
		path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
		...{ requestStream: true, responseStream: true, requestSerialize: asBuffer, requestDeserialize: asItIs },
		...{ responseSerialize: asBuffer, responseDeserialize: asItIs },
	},
};

/** Far above what an Envoy asks with. */
const LARGEST_REQUEST_BYTES = 4 * 1024 * 1024;

const CHECK_MS = 2_000;

/**
 * Everybody who reaches the socket's folder may use it. Resolves once Envoys can connect. `makeFolder`: also where something
 * that cleans /run has removed it, which is noticed until it is closed.
 */
export async function openAdsServer(
	path: string,
	makeFolder: () => Promise<void>,
	accept: (peer: AdsPeer) => AdsConnection,
): Promise<{ readonly close: () => void }> {
	const server = new Server({ 'grpc.max_receive_message_length': LARGEST_REQUEST_BYTES });
	server.addService(service, { streamAggregatedResources: (call: Call) => serve(call, accept) });
	const bind = async () => {
		await makeFolder();
		// That of a former daemon: Envoys connect again by themselves.
		removeQuietly(path);
		await bound(server, path);
		chmodSync(path, 0o666);
	};
	await bind().catch((cause) => {
		throw cause instanceof Failure ? cause : notListening(path, cause);
	});
	const stopKeeping = keepBound(path, () => {
		server.unbind(`unix://${path}`);
		return bind();
	});
	let isOpen = true;
	return {
		close() {
			if (!isOpen) return;
			isOpen = false;
			stopKeeping();
			server.forceShutdown();
			removeQuietly(path);
		},
	};
}

function keepBound(path: string, bindAgain: () => Promise<void>): () => void {
	let isBinding = false;
	const check = () => {
		if (isBinding || lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
		isBinding = true;
		bindAgain()
			// The next check tries again.
			.catch(() => undefined)
			.finally(() => {
				isBinding = false;
			});
	};
	const timer = setInterval(check, CHECK_MS).unref();
	return () => clearInterval(timer);
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

function serve(call: Call, accept: (peer: AdsPeer) => AdsConnection): void {
	const connection = accept({ send: (bytes) => call.write(bytes) });
	call.on('data', (bytes: Uint8Array) => {
		try {
			connection.receive(bytes);
		} catch (error) {
			call.emit('error', { code: status.INVALID_ARGUMENT, details: failureOf(error).message });
		}
	});
	call.on('drain', connection.drained);
	call.on('end', () => call.end());
	call.on('error', () => undefined);
	call.on('close', connection.close);
	call.on('cancelled', connection.close);
}

const bound = (server: Server, path: string): Promise<void> =>
	new Promise((resolve, reject) => {
		server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => {
			if (error === null) resolve();
			else reject(error);
		});
	});

const notListening = (path: string, cause: unknown): Failure =>
	new Failure(
		'socket',
		`Cannot listen on ${path}, by which Envoy gets its configuration: ${describeFsError(cause)}`,
		'Set socket (TURNOUT_SOCKET) to a shorter path in a writable folder',
		cause,
	);

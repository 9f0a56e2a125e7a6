import { Server, type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { Failure, failureOf } from '../../failure.ts';
import { releaseParts } from './release-parts.ts';

/** Our end of one stream. */
export interface AdsConnection {
	/** What it throws ends the stream with that reason; Envoy connects again later. */
	readonly receive: (bytes: Uint8Array) => void;
	readonly drained: () => void;
	readonly close: () => void;
}

/** Returns false where Envoy reads more slowly than it is sent, until it has drained. */
export type AdsSend = (bytes: Uint8Array) => boolean;

export type AdsCall = ServerDuplexStream<Uint8Array, Uint8Array>;

/** Where it throws, or rejects, the Envoy is not who it has to be. */
export type AcceptCall = (call: AdsCall, send: AdsSend) => AdsConnection | Promise<AdsConnection>;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asItIs = (bytes: Buffer): Uint8Array => bytes;

/** Messages stay bytes. */
const streams = (path: string): ServiceDefinition => ({
	stream: {
		...{ path, requestStream: true, responseStream: true, requestSerialize: asBuffer, requestDeserialize: asItIs },
		...{ responseSerialize: asBuffer, responseDeserialize: asItIs },
	},
});

/** envoy/service/discovery/v3/ads.proto */
const ads = streams('/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources');
/** envoy/service/load_stats/v3/lrs.proto */
const loadReporting = streams('/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats');

/** Far above what an Envoy asks with. */
const LARGEST_REQUEST_BYTES = 4 * 1024 * 1024;

/** A server of gRPC that has ADS, and listens nowhere yet. `acceptReports`: it takes load reports as well. */
export function createAdsService(
	accept: AcceptCall,
	options: Readonly<Record<string, number>> = {},
	acceptReports?: AcceptCall,
): Server {
	const server = new Server({
		...{ 'grpc.max_receive_message_length': LARGEST_REQUEST_BYTES, 'grpc.enable_channelz': 0 },
		...options,
	});
	server.addService(ads, { stream: (call: AdsCall) => void serve(call, accept) });
	if (acceptReports !== undefined)
		server.addService(loadReporting, { stream: (call: AdsCall) => void serve(call, acceptReports) });
	return server;
}

async function serve(call: AdsCall, accept: AcceptCall): Promise<void> {
	call.on('error', () => undefined);
	try {
		const connection = await accept(call, (bytes) => call.write(bytes));
		if (call.cancelled) connection.close();
		else connect(call, connection);
	} catch (error) {
		refuse(call, status.UNAUTHENTICATED, error);
	}
}

function connect(call: AdsCall, connection: AdsConnection): void {
	call.on('data', (bytes: Uint8Array) => {
		releaseParts(call);
		try {
			connection.receive(bytes);
		} catch (error) {
			const isDenied = error instanceof Failure && error.code === 'permission';
			refuse(call, isDenied ? status.PERMISSION_DENIED : status.INVALID_ARGUMENT, error);
		}
	});
	call.on('drain', connection.drained);
	call.on('end', () => call.end());
	call.on('close', connection.close);
	call.on('cancelled', connection.close);
}

/** For Envoy's log. The codes are those that AWS's service used: 3 and 7 for a node, 16 for who asks. */
function refuse(call: AdsCall, code: status, error: unknown): void {
	const { message, remedy } = failureOf(error);
	call.emit('error', { code, details: `${message}; ${remedy}` });
}

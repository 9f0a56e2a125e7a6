import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ClusterLoad, LoadCodec } from '../../control/ads/load-reports.ts';
import { Failure } from '../../failure.ts';
import { bytesOf, type FieldValue, fieldsOf, textIn, textOf } from './message-fields.ts';

/** Far above that of an Envoy with thousands of clusters. */
const LARGEST_REPORT_BYTES = 1024 * 1024;

/**
 * Load reports by the numbers of their fields (envoy/service/load_stats/v3/lrs.proto, envoy/config/endpoint/v3/load_report.proto).
 */
export const loadCodec: LoadCodec = {
	encodeResponse: (seconds) =>
		new BinaryWriter()
			.tag(RESPONSE.interval, WireType.LengthDelimited)
			.fork()
			.tag(DURATION.seconds, WireType.Varint)
			.int64(seconds)
			.join()
			.tag(RESPONSE.sendAllClusters, WireType.Varint)
			.bool(true)
			.finish(),
	decodeNodeId: (bytes) => {
		try {
			for (const [field, node] of fieldsOf(bounded(bytes))) if (field === REQUEST.node) return textIn(node, NODE.id);
			return undefined;
		} catch (cause) {
			throw noReport(cause);
		}
	},
	*decodeClusters(bytes) {
		try {
			for (const [field, stats] of fieldsOf(bounded(bytes)))
				if (field === REQUEST.clusterStats) yield clusterOf(bytesOf(stats));
		} catch (cause) {
			throw noReport(cause);
		}
	},
};

const REQUEST = { node: 1, clusterStats: 2 };
const NODE = { id: 1 };
const CLUSTER = { name: 1, localities: 2, interval: 4 };
const LOCALITY = { succeeded: 2, failed: 4, issued: 8 };
const RESPONSE = { interval: 2, sendAllClusters: 4 };
const DURATION = { seconds: 1, nanos: 2 };

function clusterOf(bytes: Uint8Array): ClusterLoad {
	const load = { cluster: '', issued: 0, succeeded: 0, failed: 0, seconds: 0 };
	for (const [field, value] of fieldsOf(bytes)) {
		if (field === CLUSTER.name) load.cluster = textOf(value);
		else if (field === CLUSTER.interval) load.seconds = secondsOf(bytesOf(value));
		else if (field === CLUSTER.localities) addLocality(load, bytesOf(value));
	}
	return load;
}

function addLocality(load: { issued: number; succeeded: number; failed: number }, bytes: Uint8Array): void {
	for (const [field, value] of fieldsOf(bytes)) {
		if (field === LOCALITY.issued) load.issued += countOf(value);
		else if (field === LOCALITY.succeeded) load.succeeded += countOf(value);
		else if (field === LOCALITY.failed) load.failed += countOf(value);
	}
}

function secondsOf(bytes: Uint8Array): number {
	let seconds = 0;
	for (const [field, value] of fieldsOf(bytes)) {
		if (field === DURATION.seconds) seconds += countOf(value);
		else if (field === DURATION.nanos) seconds += countOf(value) / 1e9;
	}
	return seconds;
}

/** Also what is negative is no such number: on the wire it is a very large one. */
function countOf(value: FieldValue): number {
	if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
	throw new Error('a number is no count');
}

function bounded(bytes: Uint8Array): Uint8Array {
	if (bytes.length <= LARGEST_REPORT_BYTES) return bytes;
	throw new Error(`${bytes.length} bytes are more than ${LARGEST_REPORT_BYTES}`);
}

const noReport = (cause: unknown): Failure =>
	new Failure('config', 'it sent no load report that can be read', 'Only Envoy is to report load here', cause);

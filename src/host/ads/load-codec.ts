import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ClusterLoad, LoadCodec } from '../../control/ads/load-reports.ts';
import { Failure } from '../../failure.ts';

/** Far above that of an Envoy with thousands of clusters. */
const LARGEST_REPORT_BYTES = 1024 * 1024;

/**
 * Load reports by the numbers of their fields (envoy/service/load_stats/v3/lrs.proto, envoy/config/endpoint/v3/load_report.proto).
 * With each an Envoy says all of itself again, some tens of kilobytes, of which nothing is read but its id.
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
	decodeNodeId(bytes) {
		for (const [field, node] of fieldsOf(bytes))
			if (field === REQUEST.node) for (const [of, id] of fieldsOf(bytesOf(node))) if (of === NODE.id) return textOf(id);
		return undefined;
	},
	*decodeClusters(bytes) {
		for (const [field, stats] of fieldsOf(bytes)) if (field === REQUEST.clusterStats) yield clusterOf(bytesOf(stats));
	},
};

const REQUEST = { node: 1, clusterStats: 2 };
const NODE = { id: 1 };
const CLUSTER = { name: 1, localities: 2, interval: 4 };
const LOCALITY = { succeeded: 2, failed: 4, issued: 8 };
const RESPONSE = { interval: 2, sendAllClusters: 4 };
const DURATION = { seconds: 1, nanos: 2 };

type Value = Uint8Array | number | undefined;

/** Throws a Failure where it is no message; undefined is a value that is not of any field here. */
function* fieldsOf(bytes: Uint8Array): Generator<readonly [field: number, value: Value]> {
	if (bytes.length > LARGEST_REPORT_BYTES) throw noReport(`of ${bytes.length} bytes`);
	const reader = new BinaryReader(bytes);
	try {
		while (reader.pos < reader.len) {
			const [field, type] = reader.tag();
			yield [field, nextValue(reader, field, type)];
		}
	} catch (cause) {
		throw cause instanceof Failure ? cause : noReport('that can be read', cause);
	}
}

function nextValue(reader: BinaryReader, field: number, type: WireType): Value {
	if (type === WireType.LengthDelimited) return reader.bytes();
	if (type === WireType.Varint) return Number(reader.uint64());
	reader.skip(type, field);
	return undefined;
}

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

function bytesOf(value: Value): Uint8Array {
	if (value instanceof Uint8Array) return value;
	throw noReport('that can be read');
}

const text = new TextDecoder();
const textOf = (value: Value): string => text.decode(bytesOf(value));

/** Also what is negative is no such number: on the wire it is a very large one. */
function countOf(value: Value): number {
	if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
	throw noReport('whose numbers can be counts');
}

const noReport = (what: string, cause?: unknown): Failure =>
	new Failure('config', `it sent no load report ${what}`, 'Only Envoy is to report load here', cause);

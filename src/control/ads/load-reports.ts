import type { Clock } from '../../lib/clock.ts';
import type { UpstreamLoad } from '../../mesh/console-protocol.ts';
import { type Load, noLoad, roundedLoad, sumOfLoads } from '../../mesh/show/upstream-load.ts';
import type { Send } from '../../xds/ads-stream.ts';

/** What an Envoy has sent to one of its clusters in the time since its last report. */
export interface ClusterLoad {
	readonly cluster: string;
	/** Requests that were begun, of TCP connections; and those that were answered, and failed (a status of 5xx, or no answer). */
	readonly issued: number;
	readonly succeeded: number;
	readonly failed: number;
	readonly seconds: number;
}

/** Between load reports and bytes. What is decoded throws a Failure where it is no report. */
export interface LoadCodec {
	/** Asks for all clusters, again and again after so many seconds. */
	readonly encodeResponse: (seconds: number) => Uint8Array;
	readonly decodeNodeId: (bytes: Uint8Array) => string | undefined;
	readonly decodeClusters: (bytes: Uint8Array) => Iterable<ClusterLoad>;
}

export interface LoadStream {
	readonly receive: (bytes: Uint8Array) => void;
	readonly close: () => void;
}

/** What all Envoys of a node send to others, as far as they report it. */
export interface LoadReports {
	readonly open: (send: Send) => LoadStream;
	readonly hasStreams: () => boolean;
	/** Per second, by the last report of each; undefined: none of them reports. */
	readonly read: () => readonly UpstreamLoad[] | undefined;
}

interface LoadReportsOptions {
	readonly codec: LoadCodec;
	readonly clock: Pick<Clock, 'nowMs'>;
	/** The nodes that are sent to, by the names of the clusters that the Envoys got. */
	readonly targets: () => ReadonlyMap<string, string>;
}

/** Each costs its Envoy's host and this one about 50 kB. */
export const REPORT_SECONDS = 10;
/** Older ones say nothing of now. */
const STALE_MS = 3.5 * REPORT_SECONDS * 1_000;
/** Of two that come at once the first counts: Envoy sends none so soon. */
const SOONEST_MS = 1_000;

interface Reporting {
	/** Of the last report that had figures. */
	atMs: number;
	/** By node: whatever its last report was about, also where it is nothing. */
	rates: ReadonlyMap<string, Load>;
}

export function createLoadReports(options: LoadReportsOptions): LoadReports {
	const { codec, clock } = options;
	const streams = new Set<Reporting>();
	return {
		open(send) {
			const own: Reporting = { atMs: Number.NEGATIVE_INFINITY, rates: new Map() };
			streams.add(own);
			send(codec.encodeResponse(REPORT_SECONDS));
			return { receive: (bytes) => receive(options, own, bytes), close: () => void streams.delete(own) };
		},
		hasStreams: () => streams.size > 0,
		read() {
			const current = [...streams].filter(({ atMs }) => clock.nowMs() - atMs < STALE_MS);
			return current.length === 0 ? undefined : sumOf(current);
		},
	};
}

function receive({ codec, clock, targets }: LoadReportsOptions, own: Reporting, bytes: Uint8Array): void {
	const nowMs = clock.nowMs();
	if (nowMs - own.atMs < SOONEST_MS) return;
	const rates = ratesOf(codec.decodeClusters(bytes), targets());
	// Its first one only says who it is.
	if (rates !== undefined) Object.assign(own, { atMs: nowMs, rates });
}

/** Whatever is no cluster of the mesh, also by a mistake, is not kept. Undefined: there is no cluster at all. */
function ratesOf(
	clusters: Iterable<ClusterLoad>,
	targets: ReadonlyMap<string, string>,
): ReadonlyMap<string, Load> | undefined {
	const rates = new Map<string, Load>();
	let isEmpty = true;
	for (const { cluster, issued, succeeded, failed, seconds } of clusters) {
		isEmpty = false;
		const node = targets.get(cluster);
		if (node === undefined || seconds < SHORTEST_SECONDS) continue;
		const one = { requests: issued / seconds, succeeded: succeeded / seconds, failed: failed / seconds };
		rates.set(node, added(rates.get(node), one));
	}
	return isEmpty ? undefined : rates;
}

/** Of less no rate can be told. */
const SHORTEST_SECONDS = 1;

/** Most clusters are quiet most of the time, and share one object. */
function added(a: Load = noLoad, b: Load): Load {
	const sum = sumOfLoads([a, b]);
	return sum.requests + sum.succeeded + sum.failed === 0 ? noLoad : sum;
}

function sumOf(streams: readonly Reporting[]): readonly UpstreamLoad[] {
	const sums = new Map<string, Load>();
	for (const { rates } of streams) for (const [node, one] of rates) sums.set(node, added(sums.get(node), one));
	return [...sums].map(([node, load]) => ({ node, ...roundedLoad(load) }));
}

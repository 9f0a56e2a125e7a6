import { type Clock, timeOf } from '../../lib/clock.ts';
import type { Log } from '../../log.ts';
import { asksForIpv6 } from '../../mesh/asks-for-ipv6.ts';
import type { DefinitionFile } from '../../mesh/load-mesh.ts';
import { isIdOf, type MeshNode, nodeId } from '../../values/mesh-node.ts';
import type { Send } from '../../xds/ads-stream.ts';
import { clusterTargets } from '../../xds/cluster-targets.ts';
import { type Codec, snapshotVersion } from '../../xds/encoded.ts';
import { createHub, type Hub, type HubEvent, type HubStream } from '../../xds/hub.ts';
import { changedFiles, isEqual, type Offer, offerOf, type ReadDefinitions } from '../../xds/offer.ts';
import type { RenderOptions } from '../../xds/render-options.ts';
import type { FleetCounts } from './fleet-counts.ts';
import type { NodeStatus } from './fleet-status.ts';
import { createLoadReports, type LoadCodec, type LoadReports } from './load-reports.ts';

export interface NodeDependencies {
	/** Nothing is known of the Envoys' hosts: whether they listen on IPv6 is in the definitions. */
	readonly options: Omit<RenderOptions, 'hasIpv6'>;
	/** How long Envoys leave open the connections of a listener that is gone or was changed. */
	readonly drainMs: number;
	/** One for each node: it remembers what it has encoded. */
	readonly createCodec: () => Codec;
	readonly loadCodec: LoadCodec;
	readonly clock: Clock;
	readonly log: Log;
	readonly counts: FleetCounts;
}

/** A virtual node or gateway whose Envoys ask here. They all share what is rendered and encoded for it once. */
export interface FleetNode {
	readonly of: MeshNode;
	readonly open: (address: string, send: Send) => Omit<HubStream, 'isSettled'>;
	readonly openReports: LoadReports['open'];
	/** What its Envoys are to have. Throws a Failure where the definitions have a mistake: then they keep what they have. */
	readonly offer: (definitions: ReadDefinitions) => void;
	readonly hasEnvoys: () => boolean;
	readonly status: () => NodeStatus;
}

interface Connected extends Pick<HubStream, 'isSettled'> {
	readonly address: string;
	readonly since: string;
}

interface Own {
	readonly of: MeshNode;
	readonly deps: NodeDependencies;
	readonly hub: Hub;
	readonly envoys: Set<Connected>;
	readonly reports: LoadReports;
	/** Where the clusters that are offered lead. */
	targets: ReadonlyMap<string, string>;
	offered: Offer | undefined;
	acceptedFiles: readonly DefinitionFile[];
	acceptedAt: string | undefined;
	acceptedMs: number | undefined;
	rejectedAt: string | undefined;
	/** Why what the definitions say now is not offered. */
	trouble: string;
}

export function createFleetNode(of: MeshNode, deps: NodeDependencies): FleetNode {
	const { clock, drainMs } = deps;
	const codec = deps.createCodec();
	const own: Own = {
		...{ of, deps, envoys: new Set(), targets: new Map(), offered: undefined, acceptedFiles: [], trouble: '' },
		...{ acceptedAt: undefined, acceptedMs: undefined, rejectedAt: undefined },
		reports: createLoadReports({ codec: deps.loadCodec, clock, targets: () => own.targets }),
		hub: createHub({ codec, clock, drainMs, isOurs: isIdOf(of) }, (event) => onEvent(own, event)),
	};
	return {
		of,
		open: (address, send) => open(own, address, send),
		openReports: own.reports.open,
		offer(definitions) {
			try {
				offer(own, definitions, codec);
				own.trouble = '';
			} catch (error) {
				own.trouble = error instanceof Error ? error.message : String(error);
				throw error;
			}
		},
		hasEnvoys: () => own.envoys.size > 0 || own.reports.hasStreams(),
		status: () => statusOf(own),
	};
}

function open(own: Own, address: string, send: Send): Omit<HubStream, 'isSettled'> {
	const { log, clock } = own.deps;
	const { isSettled, close, ...stream } = own.hub.open(send);
	const one: Connected = { address, isSettled, since: timeOf(clock) };
	const about = { node: nodeId(own.of), from: address };
	own.envoys.add(one);
	log('info', 'envoy connected', about);
	return {
		...stream,
		close() {
			if (own.envoys.delete(one)) log('info', 'envoy gone', about);
			close();
		},
	};
}

function offer(own: Own, definitions: ReadDefinitions, codec: Codec): void {
	const { of: node, offered, deps, hub } = own;
	if (offered?.files === definitions.files) return;
	const catalog = definitions.loaded.catalogs.find(({ mesh }) => mesh === node.mesh);
	const options = { ...deps.options, hasIpv6: asksForIpv6(catalog, node) };
	const next = offerOf(definitions, { node, options, codec }, offered);
	if (offered !== undefined && isEqual(next.encoded, offered.encoded)) {
		if (own.acceptedFiles === offered.files) own.acceptedFiles = next.files;
		own.offered = { ...offered, files: next.files };
		return;
	}
	own.offered = next;
	own.targets = catalog === undefined ? new Map() : clusterTargets(catalog, next.encoded.cds.resources.keys());
	own.rejectedAt = undefined;
	deps.counts.add('pushed');
	hub.update(next.encoded);
}

function onEvent(own: Own, event: HubEvent): void {
	const { deps, offered } = own;
	const node = nodeId(own.of);
	if (event.kind === 'rejected') {
		const { of, why, isReverted } = event;
		own.rejectedAt = timeOf(deps.clock);
		deps.counts.add('rejected');
		const changed = changedFiles(offered?.files ?? [], own.acceptedFiles);
		deps.log('error', 'envoy rejected the mesh', { node, of, why, changed, keeps: isReverted });
	} else if (event.kind === 'accepted' && offered?.encoded === event.snapshot) onAccepted(own, offered);
}

/** The time is that of the slowest of its Envoys that were there. */
function onAccepted(own: Own, { files, startedMs }: Offer): void {
	const { clock, counts, log } = own.deps;
	counts.add('accepted');
	own.acceptedAt = timeOf(clock);
	const { connected, settled } = own.hub.state();
	if (own.acceptedFiles === files || settled < connected) return;
	own.acceptedFiles = files;
	own.acceptedMs = Math.round(clock.nowMs() - startedMs);
	counts.took(own.acceptedMs);
	log('info', 'mesh accepted', { node: nodeId(own.of), by: settled, ms: own.acceptedMs });
}

function statusOf(own: Own): NodeStatus {
	const { of, hub, envoys, offered, acceptedAt, acceptedMs, rejectedAt, trouble } = own;
	const { connected, settled, rejection } = hub.state();
	const load = own.reports.read();
	return {
		...{ node: nodeId(of), connected, settled },
		version: offered === undefined ? '' : snapshotVersion(offered.encoded),
		envoys: [...envoys].map(({ address, since, isSettled }) => ({ address, since, settled: isSettled() })),
		...(acceptedAt === undefined ? {} : { acceptedAt }),
		...(acceptedMs === undefined ? {} : { acceptedMs }),
		...(rejection === undefined
			? {}
			: { rejected: { of: rejection.of, why: rejection.why, reverted: rejection.isReverted, at: rejectedAt ?? '' } }),
		...(trouble === '' ? {} : { trouble }),
		...(load === undefined ? {} : { load }),
	};
}

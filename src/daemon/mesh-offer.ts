import type { Failure } from '../failure.ts';
import { attempt } from '../lib/attempt.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import { createMeshLoader, type DefinitionFile, type LoadedMesh } from '../mesh/load-mesh.ts';
import type { Counters } from '../status/counters.ts';
import { nodeId } from '../values/mesh-node.ts';
import { encodeSnapshot } from '../xds/encoded.ts';
import { applicationPorts } from '../xds/node-snapshot.ts';
import { type Offer, type OfferedTo, offerOf } from '../xds/offer.ts';
import type { Snapshot } from '../xds/snapshot.ts';

/** What Envoy acknowledged last, for the next daemon. */
export interface SnapshotStore {
	/** `node`: of which node it is. */
	readonly read: () => { readonly node: string; readonly snapshot: Snapshot } | undefined;
	readonly write: (text: string) => void;
}

export interface MeshDependencies extends OfferedTo {
	/** How long Envoy leaves open the connections of a listener that is gone or was changed. */
	readonly drainMs: number;
	/** For what the definitions leave open. */
	readonly parameters: ReadonlyMap<string, string>;
	/** Throws a Failure where they cannot be read. */
	readonly readDefinitions: () => readonly DefinitionFile[];
	/** Calls back after each change, until the signal is aborted. */
	readonly watchDefinitions: (onChange: () => void, signal: AbortSignal) => void;
	/** Why what is read may be out of date. */
	readonly sourceTrouble: () => Failure | undefined;
	readonly snapshots: SnapshotStore;
	readonly clock: Clock;
	readonly log: Log;
	readonly counters: Counters;
}

/** Beside them, what has been read of the definitions so far. */
export interface LoadingDependencies extends MeshDependencies {
	readonly loadMesh: (files: readonly DefinitionFile[]) => LoadedMesh;
}

export const withLoader = (deps: MeshDependencies): LoadingDependencies => ({
	...deps,
	loadMesh: createMeshLoader(deps.parameters),
});

/** What Envoy has accepted from a former daemon. One of another version may have fields that this one does not know. */
export function formerOffer({ snapshots, node, codec, clock }: MeshDependencies): Offer | undefined {
	const known = snapshots.read();
	if (known?.node !== nodeId(node)) return undefined;
	const { snapshot } = known;
	const encoded = attempt(() => encodeSnapshot(snapshot, codec));
	if ('error' in encoded) return undefined;
	return { startedMs: clock.nowMs(), files: [], encoded: encoded.value, ports: applicationPorts(snapshot), notes: [] };
}

/** Throws a Failure where mistakes in the definitions hold up this node. What has not changed since `before` is not encoded again. */
export function prepare(
	{ clock, loadMesh, readDefinitions, ...to }: LoadingDependencies,
	before: Offer | undefined,
	files = readDefinitions(),
): Offer {
	const startedMs = clock.nowMs();
	return offerOf({ startedMs, files, loaded: loadMesh(files) }, to, before);
}

import { attempt } from '../lib/attempt.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import { createMeshLoader, type DefinitionFile, type LoadedMesh } from '../mesh/load-mesh.ts';
import { notesFor } from '../mesh/notes.ts';
import type { Counters } from '../status/counters.ts';
import { type MeshNode, nodeId } from '../values/mesh-node.ts';
import { type Codec, type EncodedSnapshot, encodeSnapshot } from '../xds/encoded.ts';
import { applicationPorts, nodeSnapshot } from '../xds/node-snapshot.ts';
import type { RenderOptions } from '../xds/render-options.ts';
import { resourceKinds, type Snapshot } from '../xds/snapshot.ts';

/** What Envoy acknowledged last, for the next daemon. */
export interface SnapshotStore {
	/** `node`: of which node it is. */
	readonly read: () => { readonly node: string; readonly snapshot: Snapshot } | undefined;
	readonly write: (text: string) => void;
}

export interface MeshDependencies {
	readonly node: MeshNode;
	readonly options: RenderOptions;
	/** How long Envoy leaves open the connections of a listener that is gone or was changed. */
	readonly drainMs: number;
	/** For what the definitions leave open. */
	readonly parameters: ReadonlyMap<string, string>;
	/** Throws a Failure where they cannot be read. */
	readonly readDefinitions: () => readonly DefinitionFile[];
	/** Calls back after each change, until the signal is aborted. */
	readonly watchDefinitions: (onChange: () => void, signal: AbortSignal) => void;
	readonly snapshots: SnapshotStore;
	readonly codec: Codec;
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

/** What the definitions say at one time. */
export interface Offer {
	readonly startedMs: number;
	readonly files: readonly DefinitionFile[];
	readonly encoded: EncodedSnapshot;
	readonly ports: readonly number[];
	/** What they leave out for it, and that they hold up others. */
	readonly notes: readonly string[];
}

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
	{ clock, loadMesh, node, options, codec, readDefinitions }: LoadingDependencies,
	before: Offer | undefined,
	files = readDefinitions(),
): Offer {
	const startedMs = clock.nowMs();
	const loaded = loadMesh(files);
	const snapshot = nodeSnapshot(loaded, node, options);
	const encoded = encodeSnapshot(snapshot, codec, before?.encoded);
	return { startedMs, files, encoded, ports: applicationPorts(snapshot), notes: notesFor(loaded, node) };
}

/** The same for Envoy. */
export const isEqual = (a: EncodedSnapshot, b: EncodedSnapshot): boolean =>
	resourceKinds.every((kind) => a[kind] === b[kind]);

export const isSame = (files: readonly DefinitionFile[], others: readonly DefinitionFile[] | undefined): boolean =>
	files.length === others?.length &&
	files.every(({ path, text }, at) => path === others[at]?.path && text === others[at]?.text);

import type { DefinitionFile, LoadedMesh } from '../mesh/load-mesh.ts';
import { notesFor } from '../mesh/notes.ts';
import type { MeshNode } from '../values/mesh-node.ts';
import { type Codec, type EncodedSnapshot, encodeSnapshot } from './encoded.ts';
import { applicationPorts, nodeSnapshot } from './node-snapshot.ts';
import type { RenderOptions } from './render-options.ts';
import { resourceKinds } from './snapshot.ts';

/** What the definitions say for one node at one time. */
export interface Offer {
	readonly startedMs: number;
	readonly files: readonly DefinitionFile[];
	readonly encoded: EncodedSnapshot;
	readonly ports: readonly number[];
	/** What they leave out for it, and that they hold up others. */
	readonly notes: readonly string[];
}

/** Definitions that were read, and when that began. */
export interface ReadDefinitions {
	readonly startedMs: number;
	readonly files: readonly DefinitionFile[];
	readonly loaded: LoadedMesh;
}

export interface OfferedTo {
	readonly node: MeshNode;
	readonly options: RenderOptions;
	readonly codec: Codec;
}

/** Throws a Failure where mistakes in the definitions hold up this node. What has not changed since `before` is not encoded again. */
export function offerOf(
	{ startedMs, files, loaded }: ReadDefinitions,
	{ node, options, codec }: OfferedTo,
	before: Offer | undefined,
): Offer {
	const snapshot = nodeSnapshot(loaded, node, options);
	const encoded = encodeSnapshot(snapshot, codec, before?.encoded);
	return { startedMs, files, encoded, ports: applicationPorts(snapshot), notes: notesFor(loaded, node) };
}

/** A file may be half written: what is wrong with it is a mistake if it is so for longer. */
export const SAVE_MS = 150;

/** The same for Envoy. */
export const isEqual = (a: EncodedSnapshot, b: EncodedSnapshot): boolean =>
	resourceKinds.every((kind) => a[kind] === b[kind]);

export const isSame = (files: readonly DefinitionFile[], others: readonly DefinitionFile[] | undefined): boolean =>
	files.length === others?.length &&
	files.every(({ path, text }, at) => path === others[at]?.path && text === others[at]?.text);

/** The definitions that Envoy has not accepted as they are now. */
export const changedFiles = (files: readonly DefinitionFile[], accepted: readonly DefinitionFile[]): string => {
	const known = new Map(accepted.map(({ path, text }) => [path, text]));
	return files
		.filter(({ path, text }) => known.get(path) !== text)
		.map(({ path }) => path)
		.join(', ');
};

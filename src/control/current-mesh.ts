import type { Clock } from '../lib/clock.ts';
import { createMeshLoader, type DefinitionFile } from '../mesh/load-mesh.ts';
import { isSame, type ReadDefinitions } from '../xds/offer.ts';

/** Where the definitions are; a folder of the store is one. */
export interface Definitions {
	/** All of now. Throws a Failure where they cannot be read. */
	readonly read: () => readonly DefinitionFile[];
	/** Calls back after changes, until the signal is aborted. */
	readonly watch: (onChange: () => void, signal: AbortSignal) => void;
}

/** The mesh as the definitions have it, read again where they are asked for and once for all who ask. */
export interface CurrentMesh extends Pick<Definitions, 'watch'> {
	/** Of now; the same object as long as they are the same. Throws a Failure where they cannot be read. */
	readonly read: () => ReadDefinitions;
	/** As they were when they were read last, for who is told of changes. */
	readonly last: () => ReadDefinitions;
}

export function createCurrentMesh(
	{ read, watch }: Definitions,
	{ parameters, clock }: { readonly parameters: ReadonlyMap<string, string>; readonly clock: Clock },
): CurrentMesh {
	const loadMesh = createMeshLoader(parameters);
	let known: ReadDefinitions | undefined;
	const readNow = (): ReadDefinitions => {
		const startedMs = clock.nowMs();
		const files = read();
		if (known === undefined || !isSame(files, known.files)) known = { startedMs, files, loaded: loadMesh(files) };
		return known;
	};
	return { watch, read: readNow, last: () => known ?? readNow() };
}

import { removeStaleCgroups } from './cgroups.ts';
import { removeStaleNamespaces } from './namespace.ts';
import { removeStaleScratches } from './scratch.ts';

/** Removes what dead owners left: namespaces with their processes, cgroups, folders. Safe beside a suite that is running. */
export function cleanUpStale(): void {
	// Docker before its containers, or it restarts them; the folders last, as both have files open in them.
	removeStaleNamespaces();
	removeStaleCgroups();
	removeStaleScratches();
}

import { sweepAbandonedCgroups } from './cgroups.ts';
import { sweepAbandonedNamespaces } from './namespace.ts';
import { sweepAbandonedScratches } from './scratch.ts';

/** Takes away what owners that are dead left: processes, namespaces, folders. Safe beside a suite that is running. */
export function sweepAbandoned(): void {
	// Docker before its containers, or it starts them again; the folders last, as both have files open in them.
	sweepAbandonedNamespaces();
	sweepAbandonedCgroups();
	sweepAbandonedScratches();
}

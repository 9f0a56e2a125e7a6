import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotStore } from '../../daemon/mesh-delivery.ts';
import { writeDurably } from '../../lib/atomic-write.ts';
import { resourceKinds, type Snapshot } from '../../xds/snapshot.ts';

/** What Envoy acknowledged last, in one file. What it holds is checked by Envoy. */
export function createSnapshotStore(directory: string): SnapshotStore {
	const path = join(directory, 'snapshot.json');
	return {
		read() {
			try {
				const { node, snapshot } = JSON.parse(readFileSync(path, 'utf8')) as { node?: string; snapshot?: Snapshot };
				const isWhole = resourceKinds.every((kind) => typeof snapshot?.[kind] === 'object');
				return isWhole && node !== undefined && snapshot !== undefined ? { node, snapshot } : undefined;
			} catch {
				// None yet, or one that is of no use.
				return undefined;
			}
		},
		write: (text) => writeDurably(path, text, 0o600),
	};
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotStore } from '../../daemon/mesh-offer.ts';
import { writeDurably } from '../../lib/atomic-write.ts';
import type { Snapshot } from '../../xds/snapshot.ts';

/** What Envoy acknowledged last, in one file. What it holds is checked by Envoy. */
export function createSnapshotStore(directory: string): SnapshotStore {
	const path = join(directory, 'snapshot.json');
	return {
		read() {
			try {
				const { node, snapshot } = JSON.parse(readFileSync(path, 'utf8')) as { node?: string; snapshot?: Snapshot };
				return node === undefined || snapshot === undefined || !isWhole(snapshot) ? undefined : { node, snapshot };
			} catch {
				// None yet, or one that is of no use.
				return undefined;
			}
		},
		write: (text) => writeDurably(path, text, 0o600),
	};
}

const isWhole = ({ cds, eds, lds, rds }: Snapshot): boolean =>
	[cds, eds, lds, rds].every((kind) => isObject(kind) && Object.values(kind).every(isObject));

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

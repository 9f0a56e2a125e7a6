import type { EncodedSnapshot } from './encoded.ts';
import type { JsonObject, Snapshot } from './snapshot.ts';

/**
 * Clusters of the first snapshot do not hold up an Envoy's start where no DNS server answers; those that come later are
 * waited for, as routes are to move to them when they have hosts. A cluster of the first one stays as it is: what is changed
 * is built anew, and its connections end. `before`: what was sent last; undefined: nothing yet.
 */
export function letFirstStart(snapshot: Snapshot, before: EncodedSnapshot | undefined): Snapshot {
	const cds = Object.entries(snapshot.cds).map(([name, cluster]): [string, JsonObject] => {
		if (!/_DNS$/.test(String(cluster['type']))) return [name, cluster];
		const first = { ...cluster, waitForWarmOnInit: false };
		const isFirst = before === undefined || before.cds.resources.get(name)?.text === JSON.stringify(first);
		return [name, isFirst ? first : cluster];
	});
	return { ...snapshot, cds: Object.fromEntries(cds) };
}

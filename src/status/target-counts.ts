/** What Envoy has counted of one cluster of the mesh: a virtual node that is sent to, or what passes. */
export interface TargetCounts {
	/** Envoy's name, such as `cds_egress_MESH_NODE_http_80`. */
	readonly cluster: string;
	/** By class, such as `2xx`; none of TCP. */
	readonly requests: Readonly<Record<string, number>>;
	readonly connections: number;
}

/** The names of Envoy's counters that these are made from, as a regex. */
export const TARGET_COUNTERS = '^cluster\\.cds_egress_.*\\.upstream_(rq_[1-5]xx|cx_total)$';

/** A mesh within App Mesh's limits has fewer. */
const MOST = 500;

/** By name. Of more clusters than anybody looks at, the first ones. */
export function targetCounts(counters: ReadonlyMap<string, number>): readonly TargetCounts[] {
	const parts = [...counters].flatMap(([name, value]) => {
		const [, cluster, what] = /^cluster\.(.*)\.upstream_(rq_[1-5]xx|cx_total)$/.exec(name) ?? [];
		return cluster === undefined || what === undefined ? [] : [{ cluster, what, value }];
	});
	const clusters = [...Map.groupBy(parts, ({ cluster }) => cluster)].sort(([a], [b]) => (a < b ? -1 : 1));
	return clusters.slice(0, MOST).map(([cluster, own]) => ({
		cluster,
		requests: Object.fromEntries(
			own.filter(({ what }) => what !== 'cx_total').map(({ what, value }) => [what.replace('rq_', ''), value]),
		),
		connections: own.find(({ what }) => what === 'cx_total')?.value ?? 0,
	}));
}

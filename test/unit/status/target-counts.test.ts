import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TARGET_COUNTERS, targetCounts } from '../../../src/status/target-counts.ts';

test("Envoy's counters of targets become one row for each, requests by class", () => {
	const counters = new Map([
		['cluster.cds_egress_m_b_http_80.upstream_rq_2xx', 90],
		['cluster.cds_egress_m_b_http_80.upstream_cx_total', 4],
		['cluster.cds_egress_m_a_http_80_api.local.upstream_rq_5xx', 1],
		['cluster.cds_egress_m_db_tcp_3306.upstream_cx_total', 7],
		['cluster.cds_egress_m_b_http_80.upstream_rq_200', 90],
	]);
	assert.deepEqual(targetCounts(counters), [
		{ cluster: 'cds_egress_m_a_http_80_api.local', requests: { '5xx': 1 }, connections: 0 },
		{ cluster: 'cds_egress_m_b_http_80', requests: { '2xx': 90 }, connections: 4 },
		{ cluster: 'cds_egress_m_db_tcp_3306', requests: {}, connections: 7 },
	]);
	const asked = [...counters.keys()].filter((name) => new RegExp(TARGET_COUNTERS).test(name));
	assert.equal(asked.length, 4);
});

test('a mesh with thousands of targets has no more than five hundred rows', () => {
	const names = Array.from({ length: 3_000 }, (_, at) => `cluster.cds_egress_m_n${at}_http_80.upstream_rq_2xx`);
	assert.equal(targetCounts(new Map(names.map((name) => [name, 1]))).length, 500);
});

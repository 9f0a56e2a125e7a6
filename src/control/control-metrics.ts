import { loadByTarget } from '../mesh/show/upstream-load.ts';
import type { Metric, Sample } from '../status/metrics.ts';
import type { FleetCounts } from './ads/fleet-counts.ts';
import type { ControlStatus } from './control-status.ts';
import type { Requested } from './request-counts.ts';

export interface ControlMetricsInput {
	readonly status: ControlStatus;
	readonly fleet: ReturnType<FleetCounts['read']>;
	readonly requests: readonly Requested[];
	readonly residentBytes: number;
}

/** One row per metric, of `GET /metrics`. */
export const controlMetrics: readonly Metric<ControlMetricsInput>[] = [
	{
		name: 'turnout_control_info',
		help: 'Version of turnout control; always 1.',
		type: 'gauge',
		samples: ({ status: { version } }) => [{ value: 1, labels: { version } }],
	},
	{
		name: 'turnout_control_start_time_seconds',
		help: 'Start time of turnout control, in seconds since 1970.',
		type: 'gauge',
		samples: ({ status: { since } }) => [only(Date.parse(since) / 1_000)],
	},
	{
		name: 'turnout_control_resident_memory_bytes',
		help: 'Resident memory of turnout control.',
		type: 'gauge',
		samples: ({ residentBytes }) => [only(residentBytes)],
	},
	{
		name: 'turnout_control_store_ok',
		help: '1 if the store of definitions can be read.',
		type: 'gauge',
		samples: ({ status: { store } }) => [only(store.ok ? 1 : 0)],
	},
	{
		name: 'turnout_control_mistakes',
		help: 'Mistakes in the definitions.',
		type: 'gauge',
		samples: ({ status: { mistakes } }) => [only(mistakes.length)],
	},
	{
		name: 'turnout_control_certificate_expiry_time_seconds',
		help: 'When the certificate of turnout control expires, in seconds since 1970; absent without one.',
		type: 'gauge',
		samples: ({ status: { certificate } }) =>
			certificate === undefined ? [] : [only(Date.parse(certificate.expiresAt) / 1_000)],
	},
	{
		name: 'turnout_control_requests_total',
		help: 'Requests to the API, by operation and status.',
		type: 'counter',
		samples: ({ requests }) => requests.map((each) => ({ value: each.requests, labels: labelsOf(each) })),
	},
	{
		name: 'turnout_control_request_seconds_total',
		help: 'How long requests to the API have taken together.',
		type: 'counter',
		samples: ({ requests }) => requests.map((each) => ({ value: each.seconds, labels: labelsOf(each) })),
	},
	{
		name: 'turnout_control_changes_total',
		help: 'Changes that the API has carried out.',
		type: 'counter',
		samples: ({ requests }) => [only(requests.filter(isChange).reduce((sum, each) => sum + each.requests, 0))],
	},
	{
		name: 'turnout_control_envoys',
		help: 'Envoys of each node that are connected, and those of them that have all of their configuration.',
		type: 'gauge',
		samples: ({ status: { nodes } }) =>
			nodes.flatMap(({ node, connected, settled }) => [
				{ value: connected, labels: { node, state: 'connected' } },
				{ value: settled, labels: { node, state: 'settled' } },
			]),
	},
	{
		name: 'turnout_control_node_ok',
		help: '0 if the Envoys of a node reject their configuration, or a mistake holds it up.',
		type: 'gauge',
		samples: ({ status: { nodes } }) =>
			nodes.map(({ node, rejected, trouble }) => ({
				value: rejected === undefined && trouble === undefined ? 1 : 0,
				labels: { node },
			})),
	},
	{
		name: 'turnout_control_target_requests_per_second',
		help: 'Requests (of TCP: connections) to each node of the mesh, by what Envoys connected here have reported last.',
		type: 'gauge',
		samples: ({ status: { nodes } }) => perTarget(nodes, 'requests'),
	},
	{
		name: 'turnout_control_target_errors_per_second',
		help: 'Requests to each node of the mesh that failed: a status of 5xx, or no answer.',
		type: 'gauge',
		samples: ({ status: { nodes } }) => perTarget(nodes, 'failed'),
	},
	{
		name: 'turnout_control_pushes_total',
		help: 'New configurations of a node: pushed to its Envoys; by Envoy: accepted, rejected.',
		type: 'counter',
		samples: ({ fleet: { pushed, accepted, rejected } }) =>
			Object.entries({ pushed, accepted, rejected }).map(([outcome, value]) => ({ value, labels: { outcome } })),
	},
	{
		name: 'turnout_control_push_seconds',
		help: 'From the last change until all Envoys of a node had accepted it.',
		type: 'gauge',
		samples: ({ fleet: { lastMs } }) => (lastMs === undefined ? [] : [only(lastMs / 1_000)]),
	},
	{
		name: 'turnout_control_refused_total',
		help: 'How often an Envoy was refused: by its certificate, its key, or the name of its node.',
		type: 'counter',
		samples: ({ status: { refused } }) => [only(refused)],
	},
];

const only = (value: number): Sample => ({ value, labels: {} });

const perTarget = (nodes: ControlStatus['nodes'], what: 'requests' | 'failed'): readonly Sample[] =>
	[...loadByTarget(nodes)].map(([node, load]) => ({ value: load[what], labels: { node } }));

const labelsOf = ({ operation, status }: Requested): Sample['labels'] => ({ operation, status: String(status) });

const isChange = ({ operation, status }: Requested): boolean =>
	status === 200 && /^(Create|Update|Delete|Tag|Untag)/.test(operation);

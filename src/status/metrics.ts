import type { CounterValues } from './counters.ts';
import type { TargetCounts } from './target-counts.ts';
import type { EnvoyStatus, Is, MeshStatus, Status, Wanted } from './types.ts';

/** The metrics of GET /metrics, as data. This is their input. */
export interface MetricsInput {
	readonly status: Status;
	readonly counters: CounterValues;
	readonly process: { readonly startedMs: number; readonly residentBytes: number };
	/** Undefined if connection tracking is not in use. */
	readonly conntrack: { readonly count: number; readonly most: number } | undefined;
	/** Of a mesh, as Envoy has counted them; empty if it does not answer, or another program runs it. */
	readonly targets: readonly TargetCounts[];
}

export interface Sample {
	readonly value: number;
	readonly labels: Readonly<Record<string, string>>;
}

export interface Metric<Input = MetricsInput> {
	readonly name: `turnout_${string}`;
	readonly help: string;
	/** A counter begins again with the daemon. */
	readonly type: 'gauge' | 'counter';
	readonly samples: (input: Input) => readonly Sample[];
}

/** One row per metric. Envoy's own statistics are on envoy.adminPort. */
export const metrics: readonly Metric[] = [
	{
		name: 'turnout_info',
		help: 'Version of turnout and its firewall backend as labels; always 1.',
		type: 'gauge',
		samples: ({ status }) => [{ value: 1, labels: { version: status.version, backend: status.backend.name } }],
	},
	{
		name: 'turnout_start_time_seconds',
		help: 'Start time of the daemon, in seconds since 1970.',
		type: 'gauge',
		samples: ({ process }) => [only(process.startedMs / 1_000)],
	},
	{
		name: 'turnout_resident_memory_bytes',
		help: 'Resident memory of the daemon.',
		type: 'gauge',
		samples: ({ process }) => [only(process.residentBytes)],
	},
	{
		name: 'turnout_interception_wanted',
		help: '1 for the desired state of interception.',
		type: 'gauge',
		samples: ({ status }) => oneOf(wanted, status.wanted),
	},
	{
		name: 'turnout_interception_is',
		help: '1 for the actual state of interception.',
		type: 'gauge',
		samples: ({ status }) => oneOf(is, status.is),
	},
	{
		name: 'turnout_condition_ok',
		help: '1 if the condition is met, 0 if not; turnout status has the reason.',
		type: 'gauge',
		samples: ({ status }) => status.conditions.map(({ subject, ok }) => ({ value: ok ? 1 : 0, labels: { subject } })),
	},
	{
		name: 'turnout_connections_total',
		help: 'Connections since the daemon started, by direction and verdict.',
		type: 'counter',
		samples: ({ status: { counters } }) => [
			{ value: counters.ingress.connections, labels: { direction: 'ingress', verdict: 'captured' } },
			{ value: counters.egress.connections, labels: { direction: 'egress', verdict: 'captured' } },
			{ value: counters.egress.direct, labels: { direction: 'egress', verdict: 'direct' } },
		],
	},
	{
		name: 'turnout_packets_dropped_total',
		help: 'Packets dropped because the kernel could not match them to a connection; they would have bypassed Envoy.',
		type: 'counter',
		samples: ({ status }) => [only(status.counters.dropped)],
	},
	{
		name: 'turnout_rule_matches_total',
		help: 'Connections since the daemon started, and where they are dropped packets, by the setting that decides.',
		type: 'counter',
		samples: ({ status }) =>
			status.counters.rules.map(({ direction, verdict, setting, count }) => ({
				value: count,
				labels: { direction, verdict, setting },
			})),
	},
	{
		name: 'turnout_connections_existing',
		help: 'Open connections that bypass Envoy because they were opened before the rules.',
		type: 'gauge',
		samples: ({ status }) => [only(status.bypassing)],
	},
	{
		name: 'turnout_conntrack_entries',
		help: 'Connections tracked by the kernel in this network namespace; absent without connection tracking.',
		type: 'gauge',
		samples: ({ conntrack }) => (conntrack === undefined ? [] : [only(conntrack.count)]),
	},
	{
		name: 'turnout_conntrack_limit',
		help: 'Limit of tracked connections; new ones beyond it are dropped.',
		type: 'gauge',
		samples: ({ conntrack }) => (conntrack === undefined ? [] : [only(conntrack.most)]),
	},
	{
		name: 'turnout_rule_changes_total',
		help: 'Changes of the rules, by reason.',
		type: 'counter',
		samples: ({ counters }) => byLabel('kind', counters.ruleChanges),
	},
	{
		name: 'turnout_repairs_total',
		help: 'Repairs of what other programs had changed, by subject.',
		type: 'counter',
		samples: ({ counters }) => byLabel('subject', counters.repairs),
	},
	{
		name: 'turnout_mesh_pushes_total',
		help: 'Definitions of the mesh that were pushed to Envoy, had mistakes, or were rejected by Envoy.',
		type: 'counter',
		samples: ({ counters }) => byLabel('outcome', counters.meshPushes),
	},
	{
		name: 'turnout_mesh_envoys',
		help: 'Envoys that ask for their configuration, and how many of these have accepted all of it.',
		type: 'gauge',
		samples: ({ status: { mesh } }) =>
			mesh === undefined ? [] : Object.entries(oneMesh(mesh)).map(([state, value]) => ({ value, labels: { state } })),
	},
	{
		name: 'turnout_mesh_followed',
		help: '1 while the definitions are followed; 0: etcd is away, and Envoy keeps what it has.',
		type: 'gauge',
		samples: ({ status: { mesh } }) => (mesh === undefined ? [] : [only(mesh.followed ? 1 : 0)]),
	},
	{
		name: 'turnout_mesh_accepted_time_seconds',
		help: 'When an Envoy last accepted all of its configuration, in seconds since 1970; absent before that.',
		type: 'gauge',
		samples: ({ status: { mesh } }) =>
			mesh?.acceptedAt === undefined ? [] : [only(Date.parse(mesh.acceptedAt) / 1_000)],
	},
	{
		name: 'turnout_mesh_push_seconds',
		help: 'From the last change of the definitions, as it was noticed, until an Envoy had accepted it.',
		type: 'gauge',
		samples: ({ status: { mesh } }) => (mesh?.acceptedMs === undefined ? [] : [only(mesh.acceptedMs / 1_000)]),
	},
	{
		name: 'turnout_mesh_target_requests_total',
		help: 'Requests to each target of the mesh by class of answer, as Envoy has counted them since it started.',
		type: 'counter',
		samples: ({ targets }) =>
			targets.flatMap(({ cluster, requests }) =>
				Object.entries(requests).map(([answer, value]) => ({ value, labels: { cluster, class: answer } })),
			),
	},
	{
		name: 'turnout_mesh_target_connections_total',
		help: 'Connections to each target of the mesh, as Envoy has counted them since it started.',
		type: 'counter',
		samples: ({ targets }) => targets.map(({ cluster, connections }) => ({ value: connections, labels: { cluster } })),
	},
	{
		name: 'turnout_notices_lost_total',
		help: 'Overflows of the netlink socket for change events; each causes a full read.',
		type: 'counter',
		samples: ({ counters }) => byLabel('subject', counters.noticesLost),
	},
	{
		name: 'turnout_envoy_state',
		help: '1 for the current state of Envoy.',
		type: 'gauge',
		samples: ({ status }) => oneOf(states, status.envoy.state),
	},
	{
		name: 'turnout_envoy_start_time_seconds',
		help: 'Start time of Envoy, in seconds since 1970; absent while it does not run or if another program runs it.',
		type: 'gauge',
		samples: ({ status: { envoy } }) => (envoy.since === undefined ? [] : [only(Date.parse(envoy.since) / 1_000)]),
	},
	{
		name: 'turnout_envoy_restarts_total',
		help: 'Restarts of Envoy after it had exited by itself.',
		type: 'counter',
		samples: ({ status }) => [only(status.envoy.restarts)],
	},
	{
		name: 'turnout_pulls_total',
		help: "Pulls of Envoy's image, by result.",
		type: 'counter',
		samples: ({ counters }) => byLabel('result', counters.pulls),
	},
];

/** Records instead of lists, so that a new state that is missing here does not compile. */
const wanted: Readonly<Record<Wanted, true>> = { enabled: true, disabled: true };
const is: Readonly<Record<Is, true>> = { enabled: true, disabled: true, waiting: true, lifted: true, degraded: true };
const states: Readonly<Record<EnvoyStatus['state'], true>> = {
	absent: true,
	pulling: true,
	starting: true,
	live: true,
	silent: true,
	draining: true,
	failed: true,
	unmanaged: true,
};

const only = (value: number): Sample => ({ value, labels: {} });

const oneOf = (all: Readonly<Record<string, true>>, now: string): Sample[] =>
	Object.keys(all).map((state) => ({ value: state === now ? 1 : 0, labels: { state } }));

const oneMesh = ({ connected, settled }: MeshStatus) => ({ connected, settled });

const byLabel = (label: string, counts: Readonly<Record<string, number>>): Sample[] =>
	Object.entries(counts).map(([name, value]) => ({ value, labels: { [label]: name } }));

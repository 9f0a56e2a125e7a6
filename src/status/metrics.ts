import type { CounterValues } from './counters.ts';
import type { EnvoyStatus, Is, Status, Wanted } from './types.ts';

/** What metrics are made from. */
export interface MetricsInput {
	readonly status: Status;
	readonly counters: CounterValues;
	readonly process: { readonly startedMs: number; readonly residentBytes: number };
	/** Undefined where nobody tracks connections. */
	readonly conntrack: { readonly count: number; readonly most: number } | undefined;
}

export interface Sample {
	readonly value: number;
	readonly labels: Readonly<Record<string, string>>;
}

export interface Metric {
	readonly name: `turnout_${string}`;
	readonly help: string;
	/** A counter only grows, and begins anew with what it counts: the daemon, or the rules in the kernel. */
	readonly type: 'gauge' | 'counter';
	readonly samples: (seen: MetricsInput) => readonly Sample[];
}

/** Each metric is a row; Envoy's own statistics are read on envoy.adminPort. */
export const metrics: readonly Metric[] = [
	{
		name: 'turnout_info',
		help: 'The version of turnout and the firewall dialect that it uses; always 1.',
		type: 'gauge',
		samples: ({ status }) => [{ value: 1, labels: { version: status.version, backend: status.backend.name } }],
	},
	{
		name: 'turnout_start_time_seconds',
		help: 'When the daemon started, in seconds since 1970.',
		type: 'gauge',
		samples: ({ process }) => [only(process.startedMs / 1_000)],
	},
	{
		name: 'turnout_resident_memory_bytes',
		help: 'The memory that the daemon holds.',
		type: 'gauge',
		samples: ({ process }) => [only(process.residentBytes)],
	},
	{
		name: 'turnout_interception_wanted',
		help: '1 for what interception should be.',
		type: 'gauge',
		samples: ({ status }) => oneOf(wanted, status.wanted),
	},
	{
		name: 'turnout_interception_is',
		help: '1 for what interception is.',
		type: 'gauge',
		samples: ({ status }) => oneOf(is, status.is),
	},
	{
		name: 'turnout_condition_ok',
		help: '1 where a part is as it should be, 0 where turnout status says what is wrong with it.',
		type: 'gauge',
		samples: ({ status }) => status.conditions.map(({ subject, ok }) => ({ value: ok ? 1 : 0, labels: { subject } })),
	},
	{
		name: 'turnout_connections_total',
		help: 'Connections since the rules were last committed, by direction and by where they were sent.',
		type: 'counter',
		samples: ({ status: { counters } }) => [
			{ value: counters.ingress.connections, labels: { direction: 'ingress', verdict: 'captured' } },
			{ value: counters.egress.connections, labels: { direction: 'egress', verdict: 'captured' } },
			{ value: counters.egress.direct, labels: { direction: 'egress', verdict: 'direct' } },
		],
	},
	{
		name: 'turnout_packets_dropped_total',
		help: 'Packets of captured connections that would have gone past Envoy, as the kernel could not place them.',
		type: 'counter',
		samples: ({ status }) => [only(status.counters.dropped)],
	},
	{
		name: 'turnout_connections_existing',
		help: 'Open connections that would be captured, were they opened now, and go past Envoy.',
		type: 'gauge',
		samples: ({ status }) => [only(status.bypassing)],
	},
	{
		name: 'turnout_conntrack_entries',
		help: 'Connections that the kernel tracks in this network; not there where nobody tracks any.',
		type: 'gauge',
		samples: ({ conntrack }) => (conntrack === undefined ? [] : [only(conntrack.count)]),
	},
	{
		name: 'turnout_conntrack_limit',
		help: 'The most that it tracks; new ones beyond it are dropped.',
		type: 'gauge',
		samples: ({ conntrack }) => (conntrack === undefined ? [] : [only(conntrack.most)]),
	},
	{
		name: 'turnout_rule_changes_total',
		help: 'Changes of the rules by what they were made for.',
		type: 'counter',
		samples: ({ counters }) => byLabel('kind', counters.ruleChanges),
	},
	{
		name: 'turnout_repairs_total',
		help: 'How often something that others had changed was put right, by what it was.',
		type: 'counter',
		samples: ({ counters }) => byLabel('subject', counters.repairs),
	},
	{
		name: 'turnout_notices_lost_total',
		help: 'How often the kernel had more to tell of changes than there was room for; then everything is read once.',
		type: 'counter',
		samples: ({ counters }) => byLabel('subject', counters.noticesLost),
	},
	{
		name: 'turnout_envoy_state',
		help: '1 for the state that Envoy is in.',
		type: 'gauge',
		samples: ({ status }) => oneOf(states, status.envoy.state),
	},
	{
		name: 'turnout_envoy_start_time_seconds',
		help: 'When Envoy started, in seconds since 1970; not there while it does not run or somebody else runs it.',
		type: 'gauge',
		samples: ({ status: { envoy } }) => (envoy.since === undefined ? [] : [only(Date.parse(envoy.since) / 1_000)]),
	},
	{
		name: 'turnout_envoy_restarts_total',
		help: 'How often Envoy was started again after it had ended by itself.',
		type: 'counter',
		samples: ({ status }) => [only(status.envoy.restarts)],
	},
	{
		name: 'turnout_pulls_total',
		help: "Pulls of Envoy's image by their result.",
		type: 'counter',
		samples: ({ counters }) => byLabel('result', counters.pulls),
	},
];

/** Records and no lists: a state that is added and not told here does not compile. */
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

const byLabel = (label: string, counts: Readonly<Record<string, number>>): Sample[] =>
	Object.entries(counts).map(([name, value]) => ({ value, labels: { [label]: name } }));

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCounters } from '../../../src/status/counters.ts';
import { type MetricsInput, metrics } from '../../../src/status/metrics.ts';
import { renderMetrics } from '../../../src/status/prometheus.ts';
import type { Status } from '../../../src/status/types.ts';
import { assertExposition, samplesIn } from '../../support/exposition.ts';
import { matchesGolden } from '../../support/golden.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { isPrintable } from '../../support/printable.ts';

const since = '2026-11-23T05:31:26.120Z';
const status: Status = {
	version: '0.1.0',
	wanted: 'enabled',
	is: 'lifted',
	since,
	backend: { name: 'iptables-nft', why: 'why' },
	families: ['ipv4', 'ipv6'],
	envoy: { runtime: 'docker', state: 'live', version: '1.40.0', id: 'c0ffee', restarts: 3, since },
	conditions: [
		{ subject: 'rules', ok: false, since, why: 'they are lifted', remedy: 'r' },
		{ subject: 'routes', ok: true, since },
		{ subject: 'envoy', ok: true, since },
	],
	repairs: { count: 0 },
	counters: {
		ingress: { connections: 12 },
		egress: { connections: 40, direct: 3 },
		dropped: 2,
		rules: [{ direction: 'egress', verdict: 'captured', setting: 'egressPort', count: 2 }],
	},
	bypassing: 0,
	existing: 0,
	mesh: {
		node: 'mesh/m/virtualNode/a',
		version: '1',
		connected: 2,
		settled: 1,
		followed: true,
		acceptedAt: since,
		acceptedMs: 42,
	},
};

const counters = createCounters();
counters.add('pulls', 'pulled');
counters.add('ruleChanges', 'enable');
counters.add('ruleChanges', 'lift');
counters.add('ruleChanges', 'lift');

const seen: MetricsInput = {
	status,
	counters: counters.read(),
	process: { startedMs: Date.parse(since), residentBytes: 64 * 1024 * 1024 },
	conntrack: { count: 12, most: 262_144 },
	targets: [{ cluster: 'cds_egress_m_serviceB_http_80', requests: { '2xx': 90, '5xx': 1 }, connections: 4 }],
};

test('metrics are built from status and counters alone', async () => {
	const text = await renderMetrics(metrics, seen);
	matchesGolden(text, join(import.meta.dirname, 'golden/metrics.txt'));
	assertExposition(text);
});

test('a second request does not double the values', async () => {
	assert.equal(await renderMetrics(metrics, seen), await renderMetrics(metrics, seen));
});

test('without a known start time the metric is absent instead of 0', async () => {
	const envoy = { runtime: 'none', state: 'unmanaged', restarts: 0 } as const;
	const text = await renderMetrics(metrics, { ...seen, status: { ...status, envoy } });
	assertExposition(text);
	assert.deepEqual(
		samplesIn(text).filter(({ name }) => name === 'turnout_envoy_start_time_seconds'),
		[],
	);
	assert.match(text, /^turnout_envoy_state\{state="unmanaged"\} 1$/m);
});

test('exactly one state of a state metric is 1', async () => {
	const states: Status['envoy']['state'][] = [
		'absent',
		'pulling',
		'starting',
		'live',
		'silent',
		'draining',
		'failed',
		'unmanaged',
	];
	for (const state of states) {
		const text = await renderMetrics(metrics, { ...seen, status: { ...status, envoy: { ...status.envoy, state } } });
		const values = samplesIn(text).filter(({ name }) => name === 'turnout_envoy_state');
		assert.equal(values.length, states.length);
		assert.deepEqual(
			values.filter(({ value }) => value === 1).map(({ labels }) => labels),
			[{ state }],
		);
	}
});

test('hostile text in a label stays inside the label and is escaped', async () => {
	for (const hostile of [...hostileTexts('/tmp/mark'), 'a"} 1\nturnout_forged 1', '\\"', '\\n', '"']) {
		const text = await renderMetrics(metrics, { ...seen, status: { ...status, version: hostile } });
		assertExposition(text);
		for (const line of text.split('\n')) assert.ok(isPrintable(line), JSON.stringify(line));
		const [info, ...others] = samplesIn(text).filter(({ name }) => !/^turnout_(?!info)/.test(name));
		assert.deepEqual([info?.name, info?.labels['backend'], others], ['turnout_info', 'iptables-nft', []]);
	}
});

test('names and units follow the conventions of Prometheus', () => {
	assert.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length);
	for (const { name, type, help } of metrics) {
		assert.match(name, /^turnout_[a-z]+(_[a-z]+)*$/);
		assert.equal(name.endsWith('_total'), type === 'counter', name);
		assert.match(help, /^[A-Z0-9].+\.$/, name);
	}
});

test('the Prometheus library is loaded by the first request only', () => {
	const program = `
		await import(${JSON.stringify(join(import.meta.dirname, '../../../src/status/prometheus.ts'))});
		const { createRequire } = await import('node:module');
		const loaded = Object.keys(createRequire(process.cwd() + '/x.js').cache);
		process.stdout.write(String(loaded.filter((file) => file.includes('prom-client')).length));`;
	const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
	assert.equal(printed, '0');
});

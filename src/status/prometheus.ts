import type { Counter, Gauge } from 'prom-client';
import { escapeControls } from '../lib/escape.ts';
import type { Metric, Sample } from './metrics.ts';

/** Renders Prometheus' text format. The library is loaded on the first request for metrics. */
export async function renderMetrics<Input>(metrics: readonly Metric<Input>[], input: Input): Promise<string> {
	const [{ default: Registry }, { default: Gauge }, { default: Counter }] = await Promise.all([
		import('prom-client/lib/registry.js'),
		import('prom-client/lib/gauge.js'),
		import('prom-client/lib/counter.js'),
	]);
	const registry = new Registry();
	for (const { name, help, type, samples } of metrics) {
		const escaped = samples(input).map(({ labels, value }) => ({ labels: safe(labels), value }));
		const labelNames = [...new Set(escaped.flatMap(({ labels }) => Object.keys(labels)))];
		const configuration = { name, help, labelNames, registers: [registry] };
		if (type === 'gauge') fillGauge(new Gauge(configuration), escaped);
		else fillCounter(new Counter(configuration), escaped);
	}
	return `${(await registry.metrics()).trimEnd()}\n`;
}

/** The library starts a gauge without labels at 0; without samples it must be absent instead. */
function fillGauge(gauge: Gauge, samples: readonly Sample[]): void {
	if (samples.length === 0) gauge.remove();
	for (const { labels, value } of samples) gauge.set(labels, value);
}

function fillCounter(counter: Counter, samples: readonly Sample[]): void {
	for (const { labels, value } of samples) counter.inc(labels, value);
}

/** Label values may be untrusted, and people read metrics on terminals. */
const safe = (labels: Sample['labels']): Sample['labels'] =>
	Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, escapeControls(value)]));

import type { Counter, Gauge } from 'prom-client';
import { escapeControls } from '../lib/escape.ts';
import type { Metric, MetricsInput, Sample } from './metrics.ts';

/** Prometheus' text format. Its library is loaded only where somebody asks for metrics. */
export async function renderMetrics(metrics: readonly Metric[], seen: MetricsInput): Promise<string> {
	const [{ default: Registry }, { default: Gauge }, { default: Counter }] = await Promise.all([
		import('prom-client/lib/registry.js'),
		import('prom-client/lib/gauge.js'),
		import('prom-client/lib/counter.js'),
	]);
	const registry = new Registry();
	for (const { name, help, type, samples } of metrics) {
		const told = samples(seen).map(({ labels, value }) => ({ labels: safe(labels), value }));
		const labelNames = [...new Set(told.flatMap(({ labels }) => Object.keys(labels)))];
		const configuration = { name, help, labelNames, registers: [registry] };
		if (type === 'gauge') fillGauge(new Gauge(configuration), told);
		else fillCounter(new Counter(configuration), told);
	}
	return `${(await registry.metrics()).trimEnd()}\n`;
}

/** Without labels the library says 0 until it is told otherwise, also where nothing is known. */
function fillGauge(gauge: Gauge, samples: readonly Sample[]): void {
	if (samples.length === 0) gauge.remove();
	for (const { labels, value } of samples) gauge.set(labels, value);
}

function fillCounter(counter: Counter, samples: readonly Sample[]): void {
	for (const { labels, value } of samples) counter.inc(labels, value);
}

/** Whoever reads it on a terminal is not steered by it. */
const safe = (labels: Sample['labels']): Sample['labels'] =>
	Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, escapeControls(value)]));

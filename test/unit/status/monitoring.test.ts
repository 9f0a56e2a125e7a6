import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { controlMetrics } from '../../../src/control/control-metrics.ts';
import { metrics } from '../../../src/status/metrics.ts';
import { root } from '../../support/pages.ts';

const namesIn = (file: string): readonly string[] => [
	...new Set(readFileSync(join(root, 'monitoring', file), 'utf8').match(/\bturnout_[a-z_]+/g)),
];
const known = metrics.map(({ name }) => name as string);
const ofControl = controlMetrics.map(({ name }) => name as string);

for (const [file, asked] of [
	['alerts.yaml', [...known, ...ofControl]],
	['grafana.json', known],
	['grafana-control.json', ofControl],
] as const)
	test(`${file} asks for metrics that there are, and no others`, () => {
		const names = namesIn(file);
		assert.deepEqual(
			names.filter((name) => !asked.includes(name)),
			[],
		);
		assert.ok(names.length > 5, 'it asks for nothing');
	});

test('the dashboard shows every metric but the times of starts, and what is told already', () => {
	const unseen = known.filter((name) => !namesIn('grafana.json').includes(name));
	assert.deepEqual(unseen, [
		'turnout_start_time_seconds',
		'turnout_interception_wanted',
		'turnout_mesh_envoys',
		'turnout_mesh_followed',
		'turnout_mesh_accepted_time_seconds',
		'turnout_mesh_target_connections_total',
		'turnout_notices_lost_total',
		'turnout_envoy_start_time_seconds',
		'turnout_pulls_total',
	]);
});

test('the dashboard of turnout control shows every metric but the time of its start', () => {
	const unseen = ofControl.filter((name) => !namesIn('grafana-control.json').includes(name));
	assert.deepEqual(unseen, ['turnout_control_start_time_seconds']);
});

test('no two panels of a dashboard lie over each other, and each has a number of its own', () => {
	for (const file of ['grafana.json', 'grafana-control.json']) {
		const { panels } = JSON.parse(readFileSync(join(root, 'monitoring', file), 'utf8')) as Dashboard;
		const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
			Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
		);
		assert.equal(new Set(cells).size, cells.length, file);
		assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, file);
	}
});

interface Dashboard {
	readonly panels: readonly {
		readonly id: number;
		readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
	}[];
}

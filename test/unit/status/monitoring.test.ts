import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { metrics } from '../../../src/status/metrics.ts';
import { root } from '../../support/pages.ts';

const namesIn = (file: string): readonly string[] => [
	...new Set(readFileSync(join(root, 'monitoring', file), 'utf8').match(/\bturnout_[a-z_]+/g)),
];
const known = metrics.map(({ name }) => name as string);

for (const file of ['alerts.yaml', 'grafana.json'])
	test(`${file} asks for metrics that there are, and no others`, () => {
		const names = namesIn(file);
		assert.deepEqual(
			names.filter((name) => !known.includes(name)),
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

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { taskDefinition, taskProperties } from '../../support/task-definitions.ts';

describe('a task definition of ECS', () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	const { path: folder } = stack.use(createScratch('task-definition'));
	const file = join(folder, 'task.json');
	writeFileSync(
		file,
		JSON.stringify(taskDefinition({ ...taskProperties, AppPorts: '9080,22', EgressIgnoredPorts: '2049' })),
	);

	test('gives init the same rules as the variables of the container that convert makes of it', () => {
		const converted = JSON.parse(turnout(lab.host, ['convert', 'task-definition', file]).stdout);
		const variables = converted.containerDefinitions[0].environment as readonly { name: string; value: string }[];
		const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
		assert.equal(turnout(lab.host, ['init'], { env }).code, 0);
		const byVariables = rulesOf(lab.host);
		assert.equal(turnout(lab.host, ['clean']).code, 0);
		assert.equal(turnout(lab.host, ['init', '--task-definition', file]).code, 0);
		assert.equal(rulesOf(lab.host), byVariables);
		assert.match(byVariables, /--dports? .*9080/);
		assert.equal(turnout(lab.host, ['clean']).code, 0);
	});

	test('with mistakes, or beside a settings file, changes nothing', () => {
		const untouched = rulesOf(lab.host);
		const wrong = join(folder, 'wrong.json');
		writeFileSync(wrong, JSON.stringify(taskDefinition({ ...taskProperties, AppPorts: '70000' })));
		const refused = turnout(lab.host, ['init', '--task-definition', wrong]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /appPorts \(.*wrong\.json, AppPorts\): "70000" /);
		const both = turnout(lab.host, ['init', '--task-definition', file, '--config', '/dev/null']);
		assert.equal(both.code, 64);
		assert.match(both.stderr, /--config and --task-definition say the same settings/);
		assert.equal(rulesOf(lab.host), untouched);
	});
});

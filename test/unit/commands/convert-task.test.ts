import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { convertTask } from '../../../src/commands/convert/convert-task.ts';
import { readTask } from '../../../src/commands/convert.ts';
import type { ContainerDefinition } from '../../../src/config/proxy-configuration.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import {
	applicationContainer,
	envoyContainer,
	taskDefinition,
	taskProperties,
	taskWithXray,
} from '../../support/task-definitions.ts';

function converted(definition: unknown, image = 'turnout:1') {
	using scratch = createScratch('task');
	const path = join(scratch.path, 'task.json');
	writeFileSync(path, typeof definition === 'string' ? definition : JSON.stringify(definition));
	const { task, notices } = convertTask(readTask(path), image);
	const containers = new Map<string, ContainerDefinition>(task.containerDefinitions.map((each) => [each.name, each]));
	return { task, notices, containers };
}

describe('a task definition of ECS is converted', () => {
	test('its properties are the variables of a container that ends before the application starts', () => {
		const { task, containers } = converted(taskDefinition());
		assert.equal(task['proxyConfiguration'], undefined);
		assert.deepEqual([task['family'], task['memory'], task['networkMode']], ['appmesh-gateway', '256', 'awsvpc']);
		assert.deepEqual(containers.get('turnout'), {
			...{ name: 'turnout', image: 'turnout:1', essential: false, user: '0', command: ['init'] },
			environment: [
				{ name: 'APPMESH_APP_PORTS', value: '9080' },
				{ name: 'APPMESH_EGRESS_IGNORED_IP', value: '169.254.170.2,169.254.169.254' },
				{ name: 'APPMESH_EGRESS_IGNORED_PORTS', value: '' },
				{ name: 'APPMESH_ENVOY_EGRESS_PORT', value: '15001' },
				{ name: 'APPMESH_ENVOY_INGRESS_PORT', value: '15000' },
				{ name: 'APPMESH_IGNORE_GID', value: '' },
				{ name: 'APPMESH_IGNORE_UID', value: '1337' },
				{ name: 'TURNOUT_INGRESS_IGNORED_PORTS', value: '' },
			],
			readonlyRootFilesystem: true,
			linuxParameters: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
		});
		assert.deepEqual(containers.get('app'), {
			...applicationContainer,
			dependsOn: [...applicationContainer.dependsOn, { containerName: 'turnout', condition: 'SUCCESS' }],
		});
		assert.deepEqual(containers.get('envoy'), envoyContainer);
	});

	test('X-Ray’s daemon waits for the rules too, and keeps the user that is not captured', () => {
		const { containers, notices } = converted(taskWithXray());
		assert.deepEqual(containers.get('xray-daemon')?.dependsOn, [{ containerName: 'turnout', condition: 'SUCCESS' }]);
		assert.equal(containers.get('xray-daemon')?.user, '1337');
		assert.match(notices.join('\n'), /^xray-daemon does not wait for envoy to be HEALTHY/m);
	});

	test('what describe-task-definition adds is left out, so that it can be registered again', () => {
		const described = {
			...taskDefinition(),
			taskDefinitionArn: 'arn:…:7',
			revision: 7,
			status: 'ACTIVE',
			registeredBy: 'me',
		};
		assert.deepEqual(converted({ taskDefinition: described, tags: [] }).task, converted(taskDefinition()).task);
	});

	test('the addresses of credentials and metadata are never captured, whatever the task says', () => {
		const properties = { ...taskProperties, EgressIgnoredIPs: '10.0.0.0/8, 169.254.170.2' };
		const environment = converted(taskDefinition(properties)).containers.get('turnout')?.['environment'];
		const found = (environment as { name: string; value: string }[]).find(
			({ name }) => name === 'APPMESH_EGRESS_IGNORED_IP',
		);
		assert.equal(found?.value, '10.0.0.0/8,169.254.170.2,169.254.169.254');
	});

	test('all of more than 15 ports are captured, which AWS left out, and it is told', () => {
		const AppPorts = Array.from({ length: 16 }, (_, at) => 9_000 + at).join();
		assert.match(
			converted(taskDefinition({ ...taskProperties, AppPorts })).notices.join('\n'),
			/^All 16 app ports are captured/m,
		);
		const fifteen = AppPorts.split(',').slice(1).join();
		assert.doesNotMatch(
			converted(taskDefinition({ ...taskProperties, AppPorts: fifteen })).notices.join('\n'),
			/app ports/,
		);
	});

	test('an Envoy without a user and a health check gets both, and it is told', () => {
		const { user: _, healthCheck: __, ...bare } = envoyContainer;
		const { containers, notices } = converted(taskDefinition(taskProperties, { containerDefinitions: [bare] }));
		assert.equal(containers.get('envoy')?.user, '1337');
		assert.match(JSON.stringify(containers.get('envoy')?.healthCheck), /9901\/server_info .* grep -q LIVE/);
		assert.match(notices.join('\n'), /runs as IgnoredUID now(.|\n)*has a health check now/);
	});

	test('a task that gives memory to its containers alone gives some to turnout’s', () => {
		const { memory: _, ...task } = taskDefinition();
		assert.equal(converted(task).containers.get('turnout')?.['memoryReservation'], 128);
	});
});

const without = (name: string) => Object.fromEntries(Object.entries(taskProperties).filter(([each]) => each !== name));
const containers = (...all: object[]) => taskDefinition(taskProperties, { containerDefinitions: all });
const refusals: readonly (readonly [what: string, definition: unknown, says: RegExp])[] = [
	['text that is no JSON', '{"family": ', /it is no JSON: /],
	['a list', [], /it is no task definition: it has no containerDefinitions/],
	['a container without a name', { containerDefinitions: [{ image: 'x' }] }, /it is no task definition/],
	[
		'a task without proxyConfiguration',
		{ containerDefinitions: [] },
		/it has no proxyConfiguration: turnout is not needed/,
	],
	[
		'properties that are no list',
		{ ...taskDefinition(), proxyConfiguration: { properties: {} } },
		/properties is no list/,
	],
	[
		'a property that is a number',
		{ ...taskDefinition(), proxyConfiguration: { properties: [{ name: 'AppPorts', value: 1 }] } },
		/has no name and value of text/,
	],
	[
		'another type',
		{ ...taskDefinition(), proxyConfiguration: { ...taskDefinition().proxyConfiguration, type: 'OTHER' } },
		/type is "OTHER"; allowed: APPMESH/,
	],
	[
		'an unknown property',
		taskDefinition({ ...taskProperties, IgnoredUid: '1' }),
		/unknown property "IgnoredUid"; known: IgnoredUID, /,
	],
	['a missing port', taskDefinition(without('AppPorts')), /proxyConfiguration: AppPorts is missing/],
	['nobody who is ignored', taskDefinition(without('IgnoredUID')), /IgnoredUID and IgnoredGID are missing/],
	['an Envoy that is missing', containers(applicationContainer), /there is no container "envoy"; known: app/],
	[
		'an Envoy of another user',
		containers({ ...envoyContainer, user: '0' }),
		/its user is "0", but IgnoredUID is "1337": its own traffic would be captured/,
	],
	['an Envoy of another user and group', containers({ ...envoyContainer, user: '0:0' }), /its user is "0:0"/],
	[
		'a network of the host',
		taskDefinition(taskProperties, { networkMode: 'host' }),
		/networkMode is "host"; allowed: awsvpc/,
	],
	[
		'Fargate',
		taskDefinition(taskProperties, { requiresCompatibilities: ['FARGATE'] }),
		/FARGATE grants no container NET_ADMIN/,
	],
	[
		'a task that has turnout already',
		containers(envoyContainer, { name: 'turnout' }),
		/it has a container "turnout" already/,
	],
];

describe('a task definition that cannot be converted is refused:', () => {
	for (const [what, definition, says] of refusals)
		test(what, () => assert.throws(() => converted(definition), { code: 'config', message: says }));

	test('all mistakes at once', () => {
		const wrong = taskDefinition(without('AppPorts'), { networkMode: 'bridge', containerDefinitions: [] });
		assert.throws(() => converted(wrong), /AppPorts is missing; .*no container "envoy".*; .*networkMode/);
	});

	test('a file that is not there', () => {
		assert.throws(() => readTask('/nowhere/task.json'), {
			code: 'config',
			message: /Cannot read the task definition "\/nowhere\/task.json": /,
		});
	});
});

test('an Envoy that is ignored by its group may have any user', () => {
	const byGroup = { ...without('IgnoredUID'), IgnoredGID: '1337' };
	const envoy = { ...envoyContainer, user: '101:1337' };
	const definition = taskDefinition(byGroup, { containerDefinitions: [envoy] });
	assert.deepEqual(converted(definition).containers.get('envoy'), envoy);
});

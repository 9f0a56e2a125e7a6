import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../net/host.ts';
import { startDockerd } from './dockerd.ts';
import { runTask, type TaskContainer } from './ecs-task.ts';
import { importImage } from './image.ts';

/** `script`: of the shell. */
const container = (name: string, script: string, more: Omit<Partial<TaskContainer>, 'name'> = {}): TaskContainer => ({
	...{ name, image: 'shell', essential: false, command: ['-c', script] },
	...more,
});
const on = (containerName: string, condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY') => ({
	dependsOn: [{ containerName, condition }],
});

test('the containers of a task start in the order of their conditions, and one that is essential ends it', async () => {
	using lab = createHost({ container: false });
	await using docker = await startDockerd(lab);
	importImage(docker, { tag: 'shell', program: '/bin/sh', others: ['/usr/bin/sleep'] });
	const healthCheck = { command: ['CMD-SHELL', 'test -e /tmp/healthy'], interval: 1 };
	await using task = await runTask(lab, docker, {
		memory: '64',
		containerDefinitions: [
			container('last', 'exit 3', { ...on('healthy', 'HEALTHY'), essential: true }),
			container('healthy', 'sleep 1; : > /tmp/healthy; sleep 60', { ...on('good', 'SUCCESS'), healthCheck }),
			container('good', 'exit 0', on('bad', 'COMPLETE')),
			container('beside', 'sleep 60', on('bad', 'START')),
			container('bad', 'sleep 1; exit 1'),
		],
	});
	assert.equal(await task.stopped, 'the essential container last has ended');
	const states = await Promise.all(['bad', 'good', 'healthy', 'last', 'beside'].map((name) => task.inspect(name)));
	const [bad, good, healthy, last, beside] = states.map(({ State }) => ({
		begin: Date.parse(State.StartedAt),
		end: Date.parse(State.FinishedAt),
		healthy: Date.parse(`${State.Health?.Log.find(({ ExitCode }) => ExitCode === 0)?.End}`),
	}));
	// Docker writes down a start once it has heard of it, which may be after the end of what ends at once.
	for (const times of [
		[bad?.begin, bad?.end, good?.begin],
		[good?.end, healthy?.begin, healthy?.healthy, last?.begin],
	])
		assert.deepEqual(
			times,
			times.toSorted((a, b) => Number(a) - Number(b)),
		);
	assert.ok(Number(beside?.begin) >= Number(bad?.begin) && Number(beside?.begin) < Number(bad?.end));
	assert.deepEqual(
		states.map(({ State }) => State.Running),
		Array.from({ length: 5 }, () => false),
	);
});

// The packages for Docker and AWS are large: only what needs them loads them.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { createDockerHost, IMAGE, untilLive } from '../../support/docker-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const packages = ['dockerode.cjs', 'client-ecr.cjs'] as const;

describe("a turnout without Docker's and AWS's packages", async () => {
	const stack = suiteStack();
	const place = await createDockerHost(stack);
	const { docker, lab } = place;
	const bare = copyWithout(stack.use(createScratch('without-packages')).path, packages);
	const run = (...args: string[]) => lab.host.tryRun(bare, args);

	test('asks, tells and changes whatever the daemon has, Docker included', async () => {
		await using daemon = await place.start();
		await untilLive(daemon);
		const ask = (...args: string[]) => run(...args, '--socket', daemon.socket);
		for (const args of [
			['status'],
			['status', '--json'],
			['status', '--raw'],
			['disable'],
			['enable'],
			['diff'],
			['logs'],
			['wait', '--timeout', '20'],
			['update'],
			['reload'],
		]) {
			const { code, stderr } = ask(...args);
			assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
		}
		assert.match(ask('status').stdout, /turnout-envoy|docker/);
		const prompt = lab.host.tryRun(bare, ['prompt', '--socket', daemon.socket], { input: 'status\nexit\n' });
		assert.equal(prompt.code, 0, prompt.stderr);
		for (const args of [['config'], ['render'], ['--help'], ['--version']]) {
			const { code, stderr } = run(...args);
			assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
		}
	});

	test('cannot run Envoy in Docker: what was taken away is what that needs', () => {
		const settings = ['--envoy-runtime', 'docker', '--envoy-image', IMAGE, '--envoy-docker-socket', docker.socket];
		using scratch = createScratch('daemon');
		const own = ['--socket', join(scratch.path, 'control.sock'), '--state-directory', join(scratch.path, 'state')];
		const { code, stderr } = run('run', '--no-prompt', ...own, ...settings);
		assert.notEqual(code, 0);
		assert.match(stderr, /dockerode/);
	});
});

/** A copy of what was built; the Node in it, which is large, is the same. */
function copyWithout(folder: string, missing: readonly string[]): string {
	const built = dirname(turnoutProgram);
	mkdirSync(join(folder, 'lib'));
	cpSync(built, folder, { recursive: true, filter: (path) => !path.endsWith('/lib/node') });
	symlinkSync(join(built, 'lib/node'), join(folder, 'lib/node'));
	for (const name of missing) rmSync(join(folder, 'lib', name));
	return join(folder, 'turnout');
}

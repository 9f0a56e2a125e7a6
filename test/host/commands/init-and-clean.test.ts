import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
import { run } from '../../support/run.ts';
import { createWrappers } from '../../support/wrapper.ts';

test('init and clean at the same moment: whichever was last, all of ours is there or nothing, and who failed says so', async () => {
	using lab = createHost({ container: false });
	const { host } = lab;
	run(host, ['init', '--app-ports', '8080']);
	const whole = rulesOf(host);
	run(host, ['clean']);
	const bare = rulesOf(host);
	const ended = async (args: readonly string[]) =>
		(await once(host.spawn(turnoutProgram, args, { stdio: 'ignore' }), 'exit'))[0];
	for (let round = 0; round < 12; round += 1) {
		const codes = await Promise.all([ended(['init', '--app-ports', '8080']), ended(['clean'])]);
		const now = rulesOf(host);
		if (codes.every((code) => code === 0)) assert.ok(now === whole || now === bare, now);
		run(host, ['clean']);
	}
});

for (const { backend } of backends)
	test(`init with a long list captures later packets too, with rules of ${backend}`, () => {
		using lab = createHost({ container: false });
		const networks = Array.from({ length: 60 }, (_, at) => `10.0.${at}.0/25`).join();
		const args = ['--app-ports', '8080', '--backend', backend, '--egress-ignored-ips'];
		const { stdout } = run(lab.host, ['init', ...args, networks]);
		const few = run(lab.host, ['init', ...args, '10.0.0.0/25']).stdout;
		// Nothing else is told.
		assert.deepEqual(
			[stdout, few].map((text) => text.trim().split('\n').length),
			[1, 1],
		);
		assert.match(stdout, /^Interception is on: /);
	});

test('rules that an nft cannot list from its input are read, changed and removed all the same', () => {
	using lab = createHost({ container: false });
	const { host } = lab;
	// As nft 1.0.9 and older where there is no /dev/stdin.
	const without = `case "$*" in *json*--file*) echo 'internal:0:0-0: Error: Could not open file "/dev/stdin": No such file or directory' >&2; exit 1 ;; esac; exec "$real" "$@"`;
	using wrappers = createWrappers({ nft: without });
	const options = { env: { ...process.env, ...wrappers.env } };
	for (const ports of ['8080', '9090']) {
		const { stdout } = run(host, ['init', '--backend', 'nft', '--app-ports', ports], options);
		assert.match(stdout, /^Interception is on: /);
		assert.match(host.tryRun('nft', ['list', 'table', 'inet', 'turnout']).stdout, new RegExp(`tcp dport ${ports} `));
	}
	run(host, ['clean'], options);
	assert.equal(host.tryRun('nft', ['list', 'tables']).stdout, '');
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { run } from '../../support/run.ts';

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

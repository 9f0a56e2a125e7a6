// A daemon that could not start, or was stopped, ends also where a part of it leaves something open by mistake.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';

/** A timer that nobody stops. */
const env = { ...process.env, NODE_OPTIONS: '--import=data:text/javascript,setInterval(()=>undefined,1000)' };

test('what is left open does not keep a daemon that cannot start', () => {
	using lab = createHost({ container: false });
	const { code, stderr } = turnout(lab.host, ['run', '--no-prompt', '--app-ports', 'none'], { env });
	assert.deepEqual([code, /^turnout: Cannot use the settings/m.test(stderr)], [1, true], stderr);
});

test('what is left open does not keep a daemon that was stopped', async () => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { env });
	daemon.process.kill('SIGTERM');
	await daemon.ended;
	assert.equal(daemon.process.exitCode, 0);
});

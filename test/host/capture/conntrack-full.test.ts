import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';

const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';

test("a table of the kernel's connections that is nearly full is told by status and metrics, and is no failure", async () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('conntrack');
	const most = join(scratch.path, 'max');
	// The limit is one for the whole machine: only what the daemon reads of it is another.
	const through = ['unshare', '--mount', 'sh', '-c', `mount --bind ${most} ${MAX} && exec "$@"`, 'sh'];
	writeFileSync(most, '1000\n');
	await using daemon = await startDaemon(lab.host, { through, args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const condition = () => daemon.status().conditions.find(({ subject }) => subject === 'conntrack');
	assert.equal(condition()?.ok, true);
	writeFileSync(most, '0\n');
	const now = condition();
	assert.ok(now?.ok === false && / of at most 0 connections/.test(now.why), JSON.stringify(now));
	const metrics = lab.host.run('curl', ['-s', '--unix-socket', daemon.socket, 'http://turnout/metrics']);
	assert.match(metrics, /^turnout_conntrack_limit 0$/m);
	assert.match(metrics, /^turnout_condition_ok\{subject="conntrack"\} 0$/m);
});

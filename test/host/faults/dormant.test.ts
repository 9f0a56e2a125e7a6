import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon } from '../../lab/turnout.ts';

test('a table that somebody has switched off is told with what switches it on: its rules are there and do nothing', async () => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const condition = () => daemon.status().conditions.find(({ subject }) => subject === 'tables');
	assert.equal(condition()?.ok, true);
	lab.host.run('nft', ['add table ip nat { flags dormant; }']);
	const now = condition();
	assert.ok(now?.ok === false && /^the table ip nat is disabled/.test(now.why), JSON.stringify(now));
	const [, command = ''] = /`(.*)`/.exec(now.remedy) ?? [];
	lab.host.run('sh', ['-c', command]);
	assert.equal(condition()?.ok, true);
});

test('what is said of the choice of backend holds also when others have come to use the other dialect since', async () => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	lab.host.run('iptables-legacy', ['-t', 'nat', '-A', 'POSTROUTING', '-p', 'udp', '-j', 'RETURN']);
	assert.doesNotMatch(daemon.status().backend.why, /nothing on this host uses/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from '../../support/with-daemon.ts';

test('a dormant table is reported with the command that activates it', async () => {
	await using place = await withDaemon(['--app-ports', '8080', '--start-enabled', '1']);
	const { lab, daemon } = place;
	const condition = () => daemon.status().conditions.find(({ subject }) => subject === 'tables');
	assert.equal(condition()?.ok, true);
	lab.host.run('nft', ['add table ip nat { flags dormant; }']);
	const now = condition();
	assert.ok(now?.ok === false && /^the table ip nat is disabled/.test(now.why), JSON.stringify(now));
	const [, command = ''] = /`(.*)`/.exec(now.remedy) ?? [];
	lab.host.run('sh', ['-c', command]);
	assert.equal(condition()?.ok, true);
});

test('the reason for the backend stays correct when others begin to use the other one', async () => {
	await using place = await withDaemon();
	const { lab, daemon } = place;
	lab.host.run('iptables-legacy', ['-t', 'nat', '-A', 'POSTROUTING', '-p', 'udp', '-j', 'RETURN']);
	assert.doesNotMatch(daemon.status().backend.why, /nothing on this host uses/);
});

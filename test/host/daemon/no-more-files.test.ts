import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon, turnoutProgram } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';

test('reaching the limit of open files is reported as that, with the way to raise it', () => {
	using lab = createHost({ container: false });
	const said = [24, 26, 30, 32, 36].map((limit) => {
		const words = ['-c', `ulimit -n ${limit}; exec ${turnoutProgram} init --app-ports 8080`];
		return lab.host.tryRun('sh', words).stderr;
	});
	assert.doesNotMatch(said.join(''), /defect/);
	assert.match(
		said.join(''),
		/this process has reached its limit of open files \(EMFILE\)\nRaise its limit: LimitNOFILE=/,
	);
});

test('a daemon that runs out of files for a while continues, and watches again afterwards', async () => {
	using lab = createHost({ container: false });
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--start-enabled', '1'] });
	const limit = (most: string) => lab.host.run('prlimit', ['--pid', String(daemon.process.pid), `--nofile=${most}:`]);
	limit('10');
	lab.host.run('iptables-nft', ['-t', 'nat', '-F', 'OUTPUT']);
	await eventually(
		() => daemon.log(),
		(log) => /EMFILE|repaired/.test(log),
	);
	limit('1024');
	await eventually(
		() => lab.host.run('iptables-nft-save', ['-t', 'nat']),
		(saved) => /-A OUTPUT .*APPMESH_EGRESS/.test(saved),
		60_000,
	);
	assert.equal(daemon.status().is, 'enabled');
	assert.doesNotMatch(daemon.log(), /defect/);
});

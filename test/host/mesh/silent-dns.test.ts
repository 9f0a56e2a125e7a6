// A mesh whose names are asked of a DNS server that never answers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { findEnvoy } from '../../lab/services/envoy.ts';
import { startDaemon, turnoutProgram } from '../../lab/turnout.ts';
import { guideResources } from '../../support/guide-mesh.ts';

/** Seconds; a machine that is busy with other tests is given as many again. */
const LONGEST_MS = 6_000;

test('where no DNS server answers, Envoy is LIVE within seconds all the same, and definitions are checked', async (context) => {
	using scratch = createScratch('dns');
	using lab = createHost({ container: false });
	const [resolver, definitions] = ['resolv.conf', 'mesh.json'].map((name) => join(scratch.path, name));
	writeFileSync(String(resolver), `nameserver ${addresses.remote.v4}\n`);
	writeFileSync(String(definitions), JSON.stringify(guideResources()));
	// It takes the questions, and that is all.
	const silent = 'require("node:dgram").createSocket("udp4").bind(53, process.argv[1])';
	lab.world.spawn(process.execPath, ['-e', silent, addresses.remote.v4], { stdio: 'ignore' });
	const mount = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';
	const through = ['unshare', '-m', 'sh', '-ec', mount, 'sh', String(resolver)];
	await using daemon = await startDaemon(lab.host, {
		args: [
			...['--envoy-runtime', 'process', '--envoy-command', await findEnvoy(), '--start-enabled', '1'],
			...['--mesh-definitions', String(definitions), '--mesh-node', 'mesh/simpleapp/virtualNode/serviceA'],
		],
		through,
	});
	const timeOf = (event: string) =>
		Date.parse(new RegExp(`"time":"([^"]*)"[^\\n]*"event":"${event}"`).exec(daemon.log())?.[1] ?? '');
	const ms = timeOf('envoy live') - timeOf('envoy starting');
	context.diagnostic(`LIVE and configured after ${ms} ms`);
	assert.ok(ms < LONGEST_MS, daemon.log());
	assert.equal((await daemon.readStatus()).mesh?.settled, 1);
	const env = { APPMESH_VIRTUAL_NODE_NAME: 'mesh/simpleapp/virtualNode/serviceA' };
	const [program = '', ...words] = [...through, turnoutProgram, 'mesh', 'check', String(definitions)];
	const startedMs = performance.now();
	const { code, stdout } = lab.host.tryRun(program, words, { env });
	context.diagnostic(`mesh check after ${Math.round(performance.now() - startedMs)} ms`);
	assert.equal(code, 0);
	assert.match(stdout, /warning: .*"serviceB\.simpleapp\.local" and 2 more names .* could not be told in time/);
	assert.ok(performance.now() - startedMs < 2 * LONGEST_MS);
});

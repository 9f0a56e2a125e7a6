// A mesh whose names are asked of a DNS server that never answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDnsPeer } from '../../lab/net/dns-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createFieldLab } from '../../support/mesh-lab.ts';
import { client, mesh, node, serviceOf } from '../../support/mesh-parts.ts';

/** Seconds; a machine that is busy with other tests is given as many again. */
const LONGEST_MS = 6_000;

test('an Envoy whose names no DNS server answers is LIVE within seconds all the same, and definitions are checked', async (context) => {
	await using stack = new AsyncDisposableStack();
	const lab = await createFieldLab(stack);
	await stack.use(createDnsPeer(lab.outside)).listen(addresses.world.v4);
	const daemon = await lab.start([
		mesh(),
		client(['one.lab.local', 'many.lab.local']),
		...[node('one', { port: 80, hostname: 'one.lab.local' }), serviceOf('one.lab.local', 'one')],
		...[node('many', { port: 81, hostname: 'many.lab.local', isMany: true }), serviceOf('many.lab.local', 'many')],
	]);
	const timeOf = (event: string) =>
		Date.parse(new RegExp(`"time":"([^"]*)"[^\\n]*"event":"${event}"`).exec(daemon.log())?.[1] ?? '');
	const ms = timeOf('envoy live') - timeOf('envoy starting');
	context.diagnostic(`LIVE and configured after ${ms} ms`);
	assert.ok(ms < LONGEST_MS, daemon.log());
	assert.equal((await daemon.readStatus()).mesh?.settled, 1);
	const startedMs = performance.now();
	const { code, stdout } = lab.turnout('mesh', 'check', lab.definitions);
	context.diagnostic(`mesh check after ${Math.round(performance.now() - startedMs)} ms`);
	assert.equal(code, 0);
	assert.match(stdout, /warning: .*"one\.lab\.local" and 3 more names .* could not be told in time/);
	assert.ok(performance.now() - startedMs < 2 * LONGEST_MS);
});

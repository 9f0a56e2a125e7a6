// A reload that is refused, and an Envoy that dies after it: what was refused has left nothing behind that the next one would read.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { rulesOf, unhurried } from '../../support/daemon.ts';
import { createDockerHost, pidIn, untilLive } from '../../support/docker-host.ts';
import { createEnvoyHost, pidOf, untilBack } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';

const { remote } = addresses;
/** Somebody else's. */
const TAKEN = 16_001;

const bootstrapsIn = (folder: string): string[] =>
	readdirSync(join(folder, 'state')).filter((name) => /^envoy-[0-9a-f]{16}\.json$/.test(name));

test('a reload to a port that is taken is refused; an Envoy that dies then, and a daemon that starts anew, are as before', async () => {
	await using stack = new AsyncDisposableStack();
	const { lab, app, args } = await createEnvoyHost(stack);
	const other = stack.use(createPeer(lab.host));
	const taken = await other.listen('other', [TAKEN]);
	const file = join(stack.use(createScratch('settings')).path, 'turnout.yaml');
	const settle = (settings: object) => writeFileSync(file, JSON.stringify(settings));
	settle({});
	const start = (folder: string) => startDaemon(lab.host, { folder, args: [...args, '--config', file] });
	const { path: folder } = stack.use(createScratch('refused'));
	{
		await using daemon = await start(folder);
		const [rules, bootstraps] = [rulesOf(lab.host), bootstrapsIn(folder)];
		settle({ egressPort: TAKEN });
		const { code, stderr } = daemon.ask('reload');
		assert.equal(code, 1);
		assert.match(stderr, /the former goes on/);
		assert.deepEqual(bootstrapsIn(folder), bootstraps);
		const former = pidOf(daemon);
		process.kill(former, 'SIGKILL');
		await untilBack(daemon, former);
		assert.equal(rulesOf(lab.host), rules);
		assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
		assert.deepEqual(daemon.status().envoy.listeners, [15_000, 15_001]);
		// Once the reason has gone, it is what the settings say.
		await taken.close();
		assert.equal(daemon.ask('reload').code, 0);
		assert.deepEqual(daemon.status().envoy.listeners, [15_000, TAKEN]);
		assert.equal(bootstrapsIn(folder).length, 1);
		assert.notDeepEqual(bootstrapsIn(folder), bootstraps);
	}
	settle({});
	await using next = await start(folder);
	assert.deepEqual(next.status().envoy.listeners, [15_000, 15_001]);
	assert.partialDeepStrictEqual(await app.connect(remote.v4, 443, unhurried), { by: 'remote' });
});

test('so it is with a container', async () => {
	await using stack = new AsyncDisposableStack();
	const place = await createDockerHost(stack);
	const other = stack.use(createPeer(place.lab.host));
	await other.listen('other', [TAKEN]);
	const daemon = stack.use(await place.start());
	place.write({ egressPort: TAKEN });
	assert.equal(daemon.ask('reload').code, 1);
	const former = pidIn(place);
	process.kill(former, 'SIGKILL');
	await eventually(
		async () => (await daemon.readStatus()).envoy,
		({ state, restarts }) => state === 'live' && restarts > 0,
	);
	await untilLive(daemon);
	assert.partialDeepStrictEqual(await place.app.connect(remote.v4, 443, unhurried), { by: 'remote' });
	assert.equal(bootstrapsIn(daemon.folder).length, 1);
});

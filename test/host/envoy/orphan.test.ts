import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { isAlive, killAll } from '../../lab/net/processes.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, type TestDaemon, turnout } from '../../lab/turnout.ts';
import { unhurried } from '../../support/daemon.ts';
import { openEchoConnection } from '../../support/echo.ts';
import { createEnvoyHost, pidOf } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote } = addresses;

describe('an Envoy whose daemon was killed', async () => {
	const stack = suiteStack();
	const { lab, app, args } = await createEnvoyHost(stack);
	const hasty = [...args, '--envoy-drain-seconds', '5'];

	/** A folder with what a daemon has left there that was killed, and its Envoy's process. */
	async function leaveBehind(own: AsyncDisposableStack) {
		const { path: folder } = own.use(createScratch('orphan'));
		const killed = own.use(await startDaemon(lab.host, { args: hasty, folder }));
		const pid = pidOf(killed);
		own.defer(() => killAll(() => [pid].filter(isAlive)));
		killed.process.kill('SIGKILL');
		await killed.ended;
		assert.ok(isAlive(pid));
		return { folder, pid };
	}

	test('is taken over from by the next daemon: no connection is refused, and what was open has its time to end', async () => {
		await using own = new AsyncDisposableStack();
		const { folder, pid } = await leaveBehind(own);
		const load = own.use(await app.startLoad({ address: remote.v4, port: 443, limitMs: 60_000, ...unhurried }));
		using held = await openEchoConnection(lab.host, { address: remote.v4, port: 7, uid: 1000 });
		await using daemon = await startDaemon(lab.host, { args: hasty, folder });
		assert.partialDeepStrictEqual(daemon.status(), { is: 'enabled', envoy: { state: 'live' } }, daemon.log());
		assert.notEqual(pidOf(daemon), pid);
		assert.equal(await held.echo('still there'), 'still there');
		await eventually(
			() => isAlive(pid),
			(is) => !is,
		);
		const { by, failures, connections } = await load.stop();
		assert.deepEqual({ by, failures }, { by: { remote: connections }, failures: {} });
		assert.match(daemon.ask('logs').stdout, /egress /, 'the new one is heard');
	});

	test('is ended where the settings say by now that somebody else runs Envoy', async () => {
		await using own = new AsyncDisposableStack();
		const { folder, pid } = await leaveBehind(own);
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'], folder });
		assert.equal(daemon.ask('status').stderr, '', daemon.log());
		assert.equal(daemon.status().envoy.state, 'unmanaged');
		assert.equal(isAlive(pid), false);
	});

	test('is not mistaken for what only looks like it, and is of another user', async () => {
		await using own = new AsyncDisposableStack();
		const { folder, pid } = await leaveBehind(own);
		const [{ instance }] = JSON.parse(readFileSync(join(folder, 'state/envoy-processes.json'), 'utf8'));
		const decoy = lab.host.spawn('sh', ['-c', 'sleep 120; :', instance], { uid: 1000, detached: true });
		own.defer(() => void process.kill(-(decoy.pid ?? Number.NaN), 'SIGKILL'));
		process.kill(pid, 'SIGKILL');
		await using daemon = await startDaemon(lab.host, { args: hasty, folder });
		assert.equal(daemon.status().envoy.state, 'live');
		assert.equal(await daemon.stop(), 0);
		assert.equal(decoy.exitCode ?? decoy.signalCode, null);
	});

	test('is no orphan while its daemon lives: another one with the same state directory leaves it alone', async () => {
		using scratch = createScratch('shared');
		await using first: TestDaemon = await startDaemon(lab.host, { args: hasty, folder: scratch.path });
		const pid = pidOf(first);
		const socket = join(scratch.path, 'other.sock');
		const own = ['--socket', socket, '--state-directory', join(scratch.path, 'state')];
		assert.equal(turnout(lab.host, ['run', '--no-prompt', ...own, ...hasty]).code, 1);
		assert.deepEqual([pidOf(first), first.status().envoy.restarts], [pid, 0]);
	});
});

// What goes on by itself in the daemon: no more than is needed, and nothing once it has said that it has stopped.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { ids } from '../../lab/net/peers.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const args = ['--app-ports', '8080', '--backend', 'iptables-nft'];
const ROUNDS = 60;
const WATCHED_MS = 4_000;

/** Of processor time so far, in milliseconds: utime and stime (proc_pid_stat(5)), a hundredth of a second each. */
function spentMs(lab: ReturnType<typeof createHost>, { process: { pid } }: TestDaemon): number {
	const fields =
		lab.host
			.run('cat', [`/proc/${pid}/stat`])
			.split(') ')[1]
			?.split(' ') ?? [];
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

describe('what the daemon does in the background', async () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ container: false }));
	// Stands in for Envoy, so that what is captured stays open.
	stack.use(await startEcho(lab.host, 15_001, { uid: ids.proxy }));
	await stack.use(createPeer(lab.host, { uid: ids.proxy })).listen('envoy', [15_000]);

	test(`disabled ${ROUNDS} times while a captured connection drains, it polls no more often than after the first time`, async (context) => {
		await using daemon = await startDaemon(lab.host, { args });
		daemon.ask('enable');
		using held = await openEchoConnection(lab.host, { address: addresses.remote.v4, port: 443, uid: ids.app });
		for (let round = 0; round < ROUNDS; round += 1) await askSocket(daemon.socket, 'POST', '/v1/disable', '{}');
		const before = spentMs(lab, daemon);
		await sleep(WATCHED_MS);
		const spent = spentMs(lab, daemon) - before;
		context.diagnostic(`${spent} ms of processor time in ${WATCHED_MS} ms`);
		assert.ok(spent < WATCHED_MS / 20, `${spent} ms`);
		assert.equal(await held.echo('still open'), 'still open');
	});

	test('stopped in the middle of a repair, it finishes the repair and then changes nothing more', async () => {
		for (let round = 0; round < 10; round += 1) {
			const daemon = await startDaemon(lab.host, { args: [...args, '--start-enabled', '1', '--on-stop', 'keep'] });
			for (const table of ['nat', 'mangle']) lab.host.run('iptables-nft', ['-t', table, '-F', 'PREROUTING']);
			await sleep(round * 3);
			assert.equal(await daemon.stop(), 0);
			const [, behind = 'it did not say so'] = daemon.log().split(/"event":"stopped".*\n/);
			assert.equal(behind, '');
		}
		lab.host.run('sh', ['-c', 'iptables-nft -t nat -F; iptables-nft -t mangle -F']);
	});
});

// Who is captured by unit: cgroups as systemd would make them, processes that are put into them, and what they connect to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSlice, type TestSlice, withCgroups } from '../../lab/net/cgroups.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';

const { remote } = addresses;

interface Place extends AsyncDisposable {
	readonly lab: Host;
	readonly slice: TestSlice;
	/** Root's, as the other one. */
	readonly agent: Peer;
	readonly other: Peer;
	readonly start: (...args: readonly string[]) => Promise<TestDaemon>;
}

async function createPlace(): Promise<Place> {
	await using stack = new AsyncDisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const slice = stack.use(createSlice());
	const [world, envoy] = [stack.use(createPeer(lab.world)), stack.use(createPeer(lab.host, { uid: 1337 }))];
	await Promise.all([world.listen('remote', [443]), envoy.listen('envoy', [15001])]);
	const [agent, other] = [stack.use(createPeer(lab.host)), stack.use(createPeer(lab.host))];
	const start: Place['start'] = async (...args) => {
		const host = withCgroups(lab.host, 'second');
		return startDaemon(host, { args: ['--start-enabled', '1', ...args] });
	};
	const kept = stack.move();
	return { lab, slice, agent, other, start, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const answered = async (peer: Peer): Promise<string> => nameOf(await peer.connect(remote.v4, 443));

/** Once the rules have followed. */
const followed = (daemon: TestDaemon) =>
	eventually(
		() => daemon.ask('diff').code,
		(code) => code === 0,
	);

for (const backend of ['iptables-nft', 'nft'])
	describe(`units with ${backend}`, () => {
		test('an ignored unit goes directly, across its restarts, and nobody else does', async () => {
			await using place = await createPlace();
			const { slice, agent, other } = place;
			await using daemon = await place.start('--backend', backend, '--ignore-units', 'agent.service,gone.service');
			assert.deepEqual([await answered(agent), await answered(other)], ['envoy', 'envoy']);
			await using load = await other.startLoad({ address: remote.v4, port: 443, clients: 2 });
			for (let start = 1; start <= 3; start += 1) {
				slice.start('agent.service', agent.pid);
				await followed(daemon);
				assert.equal(await answered(agent), 'remote', `start ${start}`);
				slice.end('agent.service');
				await followed(daemon);
				assert.equal(await answered(agent), 'envoy', `end ${start}`);
			}
			const { by, failures } = await load.stop();
			assert.deepEqual([Object.keys(by), failures], [['envoy'], {}]);
			const { repairs, units } = daemon.status();
			assert.equal(repairs.count, 0);
			assert.deepEqual(units, [
				{ unit: 'agent.service', isThere: false },
				{ unit: 'gone.service', isThere: false },
			]);
		});
	});

// Who is captured by unit: cgroups as systemd would make them, processes that are put into them, and what they connect to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSlice, type TestSlice, withCgroups } from '../../lab/net/cgroups.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import { startDaemon, type TestDaemon, turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { rulesOf } from '../../support/daemon.ts';
import { openEchoConnection, startEcho } from '../../support/echo.ts';
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

		test('with onlyUnits nobody else is captured, and what becomes of a connection is explained', async () => {
			await using place = await createPlace();
			const { slice, agent, other } = place;
			slice.start('shop.service');
			const path = `${slice.path}/shop.service`;
			await using daemon = await place.start('--backend', backend, '--only-units', `gone.service,${path}`);
			assert.deepEqual([await answered(agent), await answered(other)], ['remote', 'remote']);
			slice.end('shop.service');
			slice.start('shop.service', agent.pid);
			await followed(daemon);
			assert.deepEqual([await answered(agent), await answered(other)], ['envoy', 'remote']);
			const explain = (...words: string[]) => {
				const { stdout } = daemon.ask('explain', 'out', `${remote.v4}:443`, '--json', ...words);
				const [{ settings, kernel } = assert.fail(stdout)] = JSON.parse(stdout).connections;
				return [settings.answer, settings.setting.key, kernel.answer];
			};
			assert.deepEqual(explain('--unit', path), ['egress listener', 'onlyUnits', 'egress listener']);
			assert.deepEqual(explain(), ['direct', 'onlyUnits', 'direct']);
			assert.match(
				daemon.ask('explain', 'out', `${remote.v4}:443`, '--unit', 'gone.service').stderr,
				/no unit "gone.service" running/,
			);
		});

		test('what a unit has opened before its rules is counted and can be ended, and nothing of anybody else', async () => {
			await using place = await createPlace();
			const { lab, slice } = place;
			slice.start('shop.service');
			using _echo = await startEcho(lab.world, 7);
			const to = { address: remote.v4, port: 7, uid: 1000 };
			using shop = await openEchoConnection(slice.inside('shop.service', lab.host), to);
			using others = await openEchoConnection(lab.host, to);
			await using daemon = await place.start('--backend', backend, '--only-units', 'shop.service');
			assert.equal(daemon.status().bypassing, 1);
			const { stdout } = daemon.ask('explain', '--json', '--pid', String(slice.pids('shop.service')[0]));
			const [{ settings, open } = assert.fail(stdout)] = JSON.parse(stdout).connections;
			assert.deepEqual([settings.answer, open], ['egress listener', 'past Envoy']);
			assert.match(daemon.ask('enable', '--cut-existing').stdout, /^1 connection was ended$/m);
			assert.deepEqual([await shop.echo('shop'), await others.echo('others')], [undefined, 'others']);
			assert.equal(daemon.status().bypassing, 0);
		});

		test('once, without a daemon: the rules are for the units of that moment, and are removed after their end', async () => {
			await using place = await createPlace();
			const { lab, slice, agent } = place;
			slice.start('agent.service', agent.pid);
			const host = withCgroups(lab.host, backend === 'nft' ? 'second' : 'both');
			const args = ['--backend', backend, '--ignore-units', 'agent.service,gone.service'];
			const { stdout } = turnout(host, ['render', ...args]);
			assert.match(stdout, new RegExp(`${slice.path.slice(1)}/agent.service.*this unit is ignored \\(cgroup \\d+\\)`));
			assert.match(
				turnout(host, ['init', ...args]).stdout,
				/^units: the rules know those that run now \(agent\.service\)/m,
			);
			assert.equal(await answered(agent), 'remote');
			slice.end('agent.service');
			slice.start('agent.service', agent.pid);
			assert.equal(await answered(agent), 'envoy');
			assert.equal(turnout(host, ['init', ...args]).code, 0);
			assert.equal(await answered(agent), 'remote');
			slice.end('agent.service');
			assert.equal(turnout(host, ['clean']).code, 0);
			assert.equal(await answered(agent), 'remote');
		});
	});

test('where units cannot be told apart they are refused before anything changes, with the reason and what to do', async () => {
	await using place = await createPlace();
	const { lab } = place;
	const refused = (layout: Parameters<typeof withCgroups>[1], backend: string, more: readonly string[] = []) => {
		const args = ['init', '--backend', backend, '--ignore-units', 'agent.service', ...more];
		const { code, stderr } = turnout(withCgroups(lab.host, layout), args);
		assert.equal(code, 1);
		return stderr;
	};
	const before = rulesOf(lab.host);
	assert.match(refused('first', 'iptables-nft'), /no cgroups of the second version .*\n.*ignoreUids/);
	assert.match(
		refused('both', 'nft'),
		/nft looks for cgroups in \/sys\/fs\/cgroup, and here they are in \/sys\/fs\/cgroup\/unified\n.*iptables-nft/,
	);
	const legacy = refused('second', 'iptables-legacy');
	assert.match(legacy, /names a cgroup that is gone\n.*Set backend .* to iptables-nft or nft/);
	// On whatever host.
	const rendered = turnout(lab.host, ['render', '--backend', 'iptables-legacy', '--ignore-units', 'agent.service']);
	assert.deepEqual(rendered, { code: 1, stdout: '', stderr: legacy });
	assert.equal(rulesOf(lab.host), before);
	assert.equal(lab.host.run('iptables-legacy-save', []), '');
});

test('units of a preset are left out there, and a notice says so', async () => {
	await using place = await createPlace();
	const host = withCgroups(place.lab.host, 'second');
	const args = ['--backend', 'iptables-legacy', '--presets', 'host-agents'];
	const { code, stdout } = turnout(host, ['init', ...args]);
	assert.equal(code, 0);
	const said = /^presets: units are not ignored: iptables-legacy writes a table as a whole/m;
	assert.match(stdout, said);
	const rendered = turnout(host, ['render', ...args]);
	assert.match(rendered.stderr, said);
	assert.doesNotMatch(rendered.stdout, /cgroup/);
	assert.equal(turnout(host, ['clean']).code, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUnitWatch } from '../../../src/daemon/unit-watch.ts';
import { parseUnits } from '../../../src/values/unit-name.ts';
import { type DaemonOnFakes, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { openTo } from '../../support/memory-host.ts';

const agent = '/system.slice/agent.service';
const shop = '/system.slice/shop.service';

/** Past all that follows the start by itself. */
async function settledDaemon(
	settings: string,
	...running: readonly (readonly [string, number])[]
): Promise<DaemonOnFakes> {
	const daemon = await startDaemonOnFakes({
		...{ state: { wanted: 'enabled' }, settings },
		onWorld: ({ host }) => {
			for (const [path, id] of running) host.cgroups.set(path, id);
		},
	});
	await daemon.world.clock.advance(1_500);
	return daemon;
}

const notice = async (daemon: DaemonOnFakes): Promise<void> => {
	daemon.changed({ subject: 'units', by: '', isOwn: true });
	await daemon.world.clock.advance(10);
};

const namedIn = ({ world }: DaemonOnFakes): string[] => [
	...new Set(
		[...world.host.nft.text().matchAll(/--path "([^"]+)" .*\(cgroup (\d+)\)/g)].map(([, path, id]) => `${path} ${id}`),
	),
];

test('the rules follow a unit that starts, starts again and ends, and none of it is a repair', async () => {
	await using daemon = await settledDaemon('ignoreUnits: agent.service,other.service\n');
	const { cgroups } = daemon.world.host;
	assert.deepEqual(namedIn(daemon), []);
	cgroups.set(agent, 7);
	await notice(daemon);
	assert.deepEqual(namedIn(daemon), [`${agent} 7`]);
	cgroups.set(agent, 8);
	await notice(daemon);
	assert.deepEqual(namedIn(daemon), [`${agent} 8`]);
	assert.deepEqual(daemon.world.fields.get('the rules follow the units'), { started: 'agent.service' });
	cgroups.delete(agent);
	await notice(daemon);
	assert.deepEqual(namedIn(daemon), []);
	assert.deepEqual(daemon.world.fields.get('the rules follow the units'), { ended: 'agent.service' });
	const { is, repairs, units } = await daemon.ask.status();
	assert.deepEqual([is, repairs.count], ['enabled', 0]);
	assert.deepEqual(units, [
		{ unit: 'agent.service', isThere: false },
		{ unit: 'other.service', isThere: false },
	]);
});

test('until they have followed, status says that the rules are not as wanted', async () => {
	await using daemon = await settledDaemon('onlyUnits: shop.service\n');
	assert.equal((await daemon.ask.status()).is, 'enabled');
	daemon.world.host.cgroups.set(shop, 7);
	const { is, units } = await daemon.ask.status();
	assert.deepEqual([is, units], ['degraded', [{ unit: 'shop.service', isThere: true }]]);
	assert.equal((await daemon.ask.diff()).same, false);
	await notice(daemon);
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('damage is repaired together with what a unit has changed', async () => {
	await using daemon = await settledDaemon('ignoreUnits: agent.service\n', [agent, 7]);
	const { host, clock } = daemon.world;
	host.cgroups.set(agent, 8);
	host.nft.edit('ipv4', '*nat\n-A APPMESH_EGRESS -j ACCEPT\nCOMMIT\n');
	daemon.changed({ by: 'iptables' });
	await clock.advance(1_000);
	assert.deepEqual(namedIn(daemon), [`${agent} 8`]);
	assert.doesNotMatch(host.nft.text(), /-j ACCEPT/);
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('a unit that starts again, and ends, while damage is repaired makes nothing fail', async () => {
	await using daemon = await settledDaemon('ignoreUnits: agent.service\n', [agent, 7]);
	const { host, clock } = daemon.world;
	host.nft.edit('ipv4', '*nat\n-A APPMESH_EGRESS -j ACCEPT\nCOMMIT\n');
	host.onRead = () => {
		host.onRead = () => undefined;
		host.cgroups.set(agent, 8);
	};
	host.onCommit = () => {
		if (host.cgroups.get(agent) === 8) host.cgroups.delete(agent);
	};
	daemon.changed({ by: 'iptables' });
	await clock.advance(1_000);
	assert.deepEqual(namedIn(daemon), []);
	assert.doesNotMatch(host.nft.text(), /-j ACCEPT/);
	const { is, conditions } = await daemon.ask.status();
	assert.equal(is, 'enabled');
	assert.ok(conditions.every(({ subject, ok }) => ok || subject !== 'repairs'));
	assert.ok(!daemon.logged.some((line) => line.startsWith('error')), daemon.logged.join());
});

test('a unit that ends while its rule is committed is no failure', async () => {
	await using daemon = await settledDaemon('ignoreUnits: agent.service\n');
	const { host } = daemon.world;
	host.cgroups.set(agent, 7);
	host.onCommit = () => void host.cgroups.delete(agent);
	await notice(daemon);
	assert.deepEqual(namedIn(daemon), []);
	assert.equal((await daemon.ask.status()).is, 'enabled');
	assert.ok(!daemon.logged.some((line) => line.startsWith('warn')));
	await daemon.ask.disable();
	host.cgroups.set(agent, 8);
	await daemon.ask.enable();
	assert.deepEqual(namedIn(daemon), []);
	assert.equal((await daemon.ask.status()).is, 'enabled');
});

test('with only-lists of units, connections of others do not bypass Envoy, and those of the units do that were opened before', async () => {
	await using daemon = await settledDaemon('onlyUnits: shop.service\n');
	const { host } = daemon.world;
	host.open = [openTo('198.51.100.1'), { ...openTo('198.51.100.2'), cgroup: 7 }];
	assert.equal((await daemon.ask.status()).bypassing, 0);
	host.cgroups.set(shop, 7);
	await notice(daemon);
	assert.equal((await daemon.ask.status()).bypassing, 1);
});

test('settings that name other units have those watched, and no others', () => {
	const watched: { readonly units: readonly string[]; readonly signal: AbortSignal }[] = [];
	const watch = createUnitWatch({
		watchUnits: (units, _, signal) => void watched.push({ units, signal }),
		log: () => undefined,
	});
	const ending = new AbortController();
	watch.follow(parseUnits('a.service'));
	assert.equal(watched.length, 0);
	watch.run(() => undefined, ending.signal);
	watch.follow(parseUnits('a.service'));
	watch.follow(parseUnits('b.service'));
	assert.deepEqual(
		watched.map(({ units, signal }) => [units, signal.aborted]),
		[
			[['a.service'], true],
			[['b.service'], false],
		],
	);
	ending.abort();
	assert.equal(watched[1]?.signal.aborted, true);
});

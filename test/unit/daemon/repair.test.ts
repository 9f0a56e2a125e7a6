import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { PolicyRule } from '../../../src/routing/routing.ts';
import { type DaemonOnFakes, startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { openTo } from '../../support/memory-host.ts';

const enabled = { state: { wanted: 'enabled' } } as const;
const fails = () => {
	throw new Failure('routing', 'Cannot change the routes: the kernel refuses', 'None');
};
const damage = '*nat\n-F APPMESH_EGRESS\nCOMMIT\n';
const repairsOf = ({ counters }: DaemonOnFakes) => counters.read().repairs;
const conditionOf = async ({ ask }: DaemonOnFakes, subject: string) =>
	(await ask.status()).conditions.find((condition) => condition.subject === subject);

/** Past all that follows the start by itself. */
async function settledDaemon(options: Parameters<typeof startDaemonOnFakes>[0] = enabled): Promise<DaemonOnFakes> {
	const daemon = await startDaemonOnFakes(options);
	await daemon.world.clock.advance(1_500);
	return daemon;
}

test('rules that somebody has damaged are put back, with who it was and how long it took', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	const before = host.nft.text();
	host.nft.edit('ipv4', damage);
	daemon.changed({ by: 'firewall-cmd' });
	await clock.advance(1_000);
	assert.equal(host.nft.text(), before);
	const { repairs, is } = await daemon.ask.status();
	assert.equal(is, 'enabled');
	assert.deepEqual([repairs.count, repairs.last?.by, repairs.last?.ms], [1, 'firewall-cmd', 2]);
	assert.match(repairs.last?.what ?? '', /missing in nat: -A APPMESH_EGRESS/);
	assert.deepEqual(repairsOf(daemon), { rules: 1, routes: 0 });
	assert.ok(daemon.logged.includes('warn: repaired'));
});

test('what was opened while a rule was gone is found: conntrack is dropped again, and the count of what bypasses is new', async () => {
	await using daemon = await settledDaemon();
	const { host, clock, steps } = daemon.world;
	assert.equal((await daemon.ask.status()).bypassing, 0);
	steps.length = 0;
	host.open = [openTo('198.51.100.1')];
	assert.equal((await daemon.ask.status()).bypassing, 0, 'it is known to be captured');
	host.nft.edit('ipv4', damage);
	daemon.changed();
	await clock.advance(1_000);
	assert.ok(steps.includes('stale conntrack dropped'));
	assert.equal((await daemon.ask.status()).bypassing, 1);
});

test('after a hole, what opens a connection is captured first and the rest once open ones are tracked', async () => {
	await using daemon = await settledDaemon();
	const { host, clock, steps } = daemon.world;
	host.nft.edit('ipv4', '*nat\n-F OUTPUT\nCOMMIT\n*mangle\n-F OUTPUT\nCOMMIT\n');
	daemon.changed();
	await clock.advance(10);
	assert.doesNotMatch(host.nft.text(), /! --tcp-flags/);
	steps.length = 0;
	await clock.advance(300);
	assert.ok(steps.indexOf('stale conntrack dropped') < steps.indexOf('track 0'), steps.join());
	assert.match(host.nft.text(), /! --tcp-flags/);
});

test('what others damage between the two commits of an enable is told as a repair, although the second one puts it right', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, clock } = daemon.world;
	await daemon.ask.enable();
	host.nft.edit('ipv4', damage);
	await clock.advance(300);
	daemon.changed({ by: 'iptables-restore' });
	await clock.advance(1_000);
	const { repairs } = await daemon.ask.status();
	assert.deepEqual([repairs.count, repairs.last?.by], [1, 'iptables-restore']);
	assert.match(repairs.last?.what ?? '', /missing in nat: -A APPMESH_EGRESS/);
});

test('the second commit of an enable by itself is no repair', async () => {
	await using daemon = await startDaemonOnFakes();
	await daemon.ask.enable();
	await daemon.world.clock.advance(300);
	daemon.changed({ isOwn: true });
	await daemon.world.clock.advance(1_000);
	assert.equal((await daemon.ask.status()).repairs.count, 0);
});

test('many changes in a moment are looked at once', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	let reads = 0;
	host.onRead = () => {
		reads += 1;
	};
	for (let change = 1; change <= 100; change += 1) daemon.changed();
	await clock.advance(100);
	assert.equal(reads, 1);
});

test('what changes during a look is looked at next', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	host.nft.edit('ipv4', damage);
	let isFirst = true;
	host.onCommit = async () => {
		if (!isFirst) return;
		isFirst = false;
		daemon.changed({ subject: 'ipv6 rules' });
		daemon.changed({ subject: 'routes' });
		host.routing.held.rules = [];
	};
	daemon.changed();
	await clock.advance(100);
	assert.deepEqual(repairsOf(daemon), { rules: 1, routes: 1 });
});

test('a reload of firewalld is waited for before its changes are looked at', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	host.nft.edit('ipv4', damage);
	daemon.changed({ by: 'firewalld' });
	await clock.advance(299);
	assert.equal(repairsOf(daemon).rules, 0);
	await clock.advance(1);
	assert.equal(repairsOf(daemon).rules, 1);
});

test('looks for nothing take no more than a twentieth of the time, but for changes of our own', async () => {
	const looksIn = async (ms: number, isOwn: boolean) => {
		await using daemon = await settledDaemon();
		const { host, clock } = daemon.world;
		daemon.world.lookCostMs = 100;
		let looks = 0;
		host.onRead = () => {
			looks += 1;
		};
		for (let at = 0; at < ms; at += 10) {
			daemon.changed({ isOwn });
			await clock.advance(10);
		}
		return looks;
	};
	const others = await looksIn(10_000, false);
	assert.ok(others >= 10 && others <= 20, `${others}`);
	assert.equal(await looksIn(10_000, true), 1_000);
});

test('a change of somebody else among our own counts as theirs', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	daemon.world.lookCostMs = 2_000;
	let looks = 0;
	host.onRead = () => {
		looks += 1;
	};
	for (let at = 0; at < 10; at += 1) {
		daemon.changed({ isOwn: true });
		daemon.changed({ isOwn: false });
		daemon.changed({ isOwn: true });
		await clock.advance(10);
	}
	assert.equal(looks, 1);
});

test('whoever undoes the rules again and again is answered every five seconds, and status says so', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	daemon.world.ruleManagers = ['ufw'];
	const fight = async () => {
		host.nft.edit('ipv4', damage);
		daemon.changed({ by: 'iptables' });
		await clock.advance(10);
	};
	for (let round = 1; round <= 19; round += 1) await fight();
	assert.equal((await conditionOf(daemon, 'repairs'))?.ok, true);
	await fight();
	assert.equal(repairsOf(daemon).rules, 20);
	assert.match(
		JSON.stringify(await conditionOf(daemon, 'repairs')),
		/undone them 20 times within a minute, the last time by iptables; .* run here: ufw; they are put back every 5 s now/,
	);
	await fight();
	assert.equal(repairsOf(daemon).rules, 20);
	await clock.advance(4_900);
	assert.equal(repairsOf(daemon).rules, 20);
	await clock.advance(200);
	assert.equal(repairsOf(daemon).rules, 21);
	await clock.advance(60_000);
	assert.equal((await conditionOf(daemon, 'repairs'))?.ok, true);
});

test('a repair that fails is told once, tried again with growing pauses, and no problem any more once it succeeds', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	const tries: number[] = [];
	host.routing.held.rules = [];
	host.onRoute = () => {
		tries.push(clock.nowMs());
		fails();
	};
	daemon.changed({ subject: 'routes' });
	await clock.advance(2_000);
	const [first = 0] = tries;
	assert.deepEqual(
		[...new Set(tries)].map((ms) => ms - first),
		[0, 250, 750, 1_750],
	);
	assert.equal(daemon.logged.filter((event) => event === 'error: cannot repair').length, 1);
	assert.match(JSON.stringify(await conditionOf(daemon, 'repairs')), /kernel refuses/);
	host.onRoute = () => undefined;
	await clock.advance(5_000);
	assert.equal((await conditionOf(daemon, 'repairs'))?.ok, true);
	assert.equal(repairsOf(daemon).routes, 1);
});

test('routes that cannot be repaired keep nobody from the rules', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	host.routing.held.rules = [];
	host.nft.edit('ipv4', damage);
	host.onRoute = fails;
	daemon.changed({ subject: 'routes' });
	daemon.changed();
	await clock.advance(100);
	assert.equal(repairsOf(daemon).rules, 1);
	assert.match(JSON.stringify(await conditionOf(daemon, 'repairs')), /kernel refuses/);
});

test('when the kernel had more to tell than there was room for, everything is looked at', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	host.nft.edit('ipv4', damage);
	daemon.lost('rules');
	await clock.advance(100);
	assert.equal(repairsOf(daemon).rules, 1);
	assert.deepEqual(daemon.counters.read().noticesLost, { rules: 1, routes: 0 });
});

for (const [what, isWatching, settings, everyMs] of [
	['every minute, as the kernel may have told what did not arrive', true, '', 60_000],
	['every two seconds while the kernel cannot tell', false, '', 2_000],
	['every two seconds where iptables-legacy is in use, which tells nobody', true, 'backend: iptables-legacy\n', 2_000],
] as const)
	test(`everything is looked at ${what}`, async () => {
		await using daemon = await startDaemonOnFakes({ ...enabled, settings });
		const { host, clock } = daemon.world;
		daemon.world.isWatching = isWatching;
		// It is found out within ten seconds that the kernel does not tell any more.
		await clock.advance(Math.max(everyMs, 10_000) + 1_000);
		const firewall = settings === '' ? host.nft : host.legacy;
		firewall.edit('ipv4', damage);
		await clock.advance(Math.max(everyMs - 4_000, 500));
		if (everyMs > 2_000) assert.equal(repairsOf(daemon).rules, 0);
		await clock.advance(everyMs);
		assert.equal(repairsOf(daemon).rules, 1);
	});

test('rules that an old dump brings back while they are off are taken away again', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	const dump = host.nft.text().slice(0, host.nft.text().indexOf('# ipv6'));
	await daemon.ask.disable();
	host.nft.edit('ipv4', dump.replace(/\[0:0\] -A/g, '-A'));
	assert.ok(host.isCapturing());
	daemon.world.hasNeighbour = true;
	daemon.changed();
	await clock.advance(1_000);
	assert.ok(host.isCapturing(), "they may be another turnout's");
	daemon.world.hasNeighbour = false;
	daemon.changed();
	await clock.advance(2_000);
	assert.equal(host.hasOurs(), false);
	assert.deepEqual(repairsOf(daemon), { rules: 1, routes: 0 });
});

test('rules of the other dialect that come back while they are off are found when everything is looked at', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	await daemon.ask.disable();
	host.legacy.edit('ipv4', '*nat\n:APPMESH_EGRESS - [0:0]\n-A OUTPUT -p tcp -j APPMESH_EGRESS\nCOMMIT\n');
	daemon.changed();
	await clock.advance(1_000);
	assert.ok(host.hasOurs());
	daemon.lost('rules');
	await clock.advance(1_000);
	assert.equal(host.hasOurs(), false);
});

test('lifted rules that an old dump brings back are taken away too', async () => {
	await using daemon = await settledDaemon({ ...enabled, settings: '  graceSeconds: 5\nonEnvoyFailure: open\n' });
	const { host, clock, envoy } = daemon.world;
	envoy.fail();
	await clock.advance(10_000);
	host.nft.edit('ipv4', '*nat\n:APPMESH_EGRESS - [0:0]\n-A OUTPUT -p tcp -j APPMESH_EGRESS\nCOMMIT\n');
	daemon.changed();
	await clock.advance(1_000);
	assert.equal(host.hasOurs(), false);
	assert.equal((await daemon.ask.status()).is, 'lifted');
});

test('nothing is repaired while the daemon starts', async () => {
	await using daemon = await startDaemonOnFakes({
		...enabled,
		isStarting: true,
		onWorld: ({ envoy }) => Object.assign(envoy, { onStart: 'waits' }),
	});
	const { host, clock } = daemon.world;
	host.nft.edit('ipv4', '*nat\n:APPMESH_EGRESS - [0:0]\n-A OUTPUT -p tcp -j APPMESH_EGRESS\nCOMMIT\n');
	daemon.changed();
	await clock.advance(10_000);
	assert.ok(host.hasOurs());
	assert.equal(repairsOf(daemon).rules, 0);
});

test('others who come before our chains are overtaken again, which counts as a repair', async () => {
	await using daemon = await settledDaemon();
	daemon.world.overtaking = ['ipv4 OUTPUT of nat came behind table ip docker'];
	daemon.changed({ subject: 'order' });
	await daemon.world.clock.advance(1_000);
	assert.equal(repairsOf(daemon).rules, 1);
	assert.match((await daemon.ask.status()).repairs.last?.what ?? '', /misplaced in nat: ipv4 OUTPUT/);
	assert.ok(daemon.world.steps.filter((step) => step === 'stale conntrack dropped').length > 1);
});

test("that others' rules matter is told when it begins and when it ends, and only while ours are on", async () => {
	await using daemon = await settledDaemon();
	const { clock } = daemon.world;
	const told = () => daemon.logged.filter((event) => event.includes("others' rules"));
	daemon.world.orderFacts = [{ subject: 'order', ok: false, why: 'they come first', remedy: 'None' }];
	await clock.advance(10_000);
	assert.deepEqual(told(), ["warn: others' rules matter"]);
	await daemon.ask.disable();
	await clock.advance(10_000);
	assert.deepEqual(told(), ["warn: others' rules matter", "others' rules are no matter any more"]);
});

const foreign: PolicyRule = {
	...{ family: 'ipv4', priority: 50, table: 100, mark: 7, mask: undefined },
	...{ hasOtherSelectors: false, protocol: 4 },
};

test('rule and route make room for others at once, which is no repair, and come back once there is room', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	const ours = [...host.routing.held.rules];
	host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await clock.advance(1_000);
	assert.deepEqual(host.routing.held.rules, [foreign]);
	assert.match(JSON.stringify(await conditionOf(daemon, 'routes')), /route table 100/);
	host.routing.held.rules = [];
	daemon.changed({ subject: 'routes' });
	await clock.advance(1_000);
	assert.deepEqual(host.routing.held.rules, ours);
	assert.deepEqual(repairsOf(daemon), { rules: 0, routes: 0 });
	assert.deepEqual(
		daemon.logged.filter((event) => event.includes('rule and route')),
		['warn: rule and route left out', 'rule and route have room again'],
	);
});

test('room is made for others also while a change of rules takes long, and not once the daemon is told to end', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	const gate = Promise.withResolvers<void>();
	host.onCommit = () => gate.promise;
	host.nft.edit('ipv4', damage);
	const enabling = daemon.ask.enable();
	host.routing.held.rules.push(foreign);
	daemon.changed({ subject: 'routes' });
	await clock.advance(10);
	assert.deepEqual(host.routing.held.rules, [foreign]);
	gate.resolve();
	await enabling;
});

test('IPv6 that comes up is captured, and told as a repair', async () => {
	await using daemon = await settledDaemon();
	const { host, clock } = daemon.world;
	assert.deepEqual((await daemon.ask.status()).families, ['ipv4']);
	host.ipv6 = { hasAddress: true, obstacle: '', hasRules: true };
	host.listeners = [];
	daemon.changed({ subject: 'addresses' });
	await clock.advance(1_000);
	const { families, is, repairs } = await daemon.ask.status();
	assert.deepEqual([families, is], [['ipv4', 'ipv6'], 'enabled']);
	assert.match(repairs.last?.what ?? '', /IPv6 has come up/);
	assert.ok(daemon.world.steps.filter((step) => step === 'stale conntrack dropped').length > 1);
	host.ipv6 = { hasAddress: false, obstacle: 'it is switched off', hasRules: true };
	daemon.changed({ subject: 'addresses' });
	await clock.advance(1_000);
	assert.equal(host.routing.held.rules.filter(({ family }) => family === 'ipv6').length, 0);
	assert.match(host.nft.text(), /# ipv6[\s\S]*-j APPMESH_EGRESS/);
});

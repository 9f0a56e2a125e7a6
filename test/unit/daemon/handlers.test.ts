import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { settled } from '../../support/fake-clock.ts';

const enabled = { state: { wanted: 'enabled' } } as const;

test('status in the middle of a change waits for its end, but not longer than a moment', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host, clock } = daemon.world;
	const gate = Promise.withResolvers<void>();
	host.onCommit = () => gate.promise;
	const enabling = daemon.ask.enable();
	await settled();
	const late = daemon.ask.status();
	await clock.advance(1_999);
	assert.equal(await Promise.race([late.then(() => 'answered'), settled().then(() => 'waits')]), 'waits');
	await clock.advance(1);
	assert.equal((await late).is, 'degraded');
	const asked = daemon.ask.status();
	await settled();
	gate.resolve();
	assert.equal((await asked).is, 'enabled');
	await enabling;
});

test('a look that a change has overtaken is made again', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	await daemon.ask.enable();
	const disabling: Promise<unknown>[] = [];
	host.onRead = async () => {
		host.onRead = () => undefined;
		disabling.push(daemon.ask.disable());
		await settled();
	};
	const { is, wanted } = await daemon.ask.status();
	assert.deepEqual([is, wanted], ['disabled', 'disabled']);
	await Promise.all(disabling);
});

test('a look that a change has overtaken is made again only when that change has ended', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	await daemon.ask.enable();
	const gate = Promise.withResolvers<void>();
	const disabling: Promise<unknown>[] = [];
	host.onRead = async () => {
		host.onRead = () => undefined;
		host.onRoute = () => gate.promise;
		disabling.push(daemon.ask.disable());
		await settled();
	};
	const asked = daemon.ask.status();
	await settled();
	await settled();
	assert.equal(host.isCapturing(), false, 'the rules are off, the routes are not');
	assert.equal(await Promise.race([asked.then(() => 'answered'), settled().then(() => 'waits')]), 'waits');
	gate.resolve();
	const { is, wanted } = await asked;
	assert.deepEqual([is, wanted], ['disabled', 'disabled']);
	await Promise.all(disabling);
});

test('a look that finds all as wanted is answered at once, although a change has begun meanwhile', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	const gate = Promise.withResolvers<void>();
	const disabling: Promise<unknown>[] = [];
	host.onRead = async () => {
		host.onRead = () => undefined;
		host.onCommit = () => gate.promise;
		disabling.push(daemon.ask.disable());
		await settled();
	};
	assert.equal((await daemon.ask.status()).is, 'enabled');
	gate.resolve();
	await Promise.all(disabling);
});

test('however many ask at the same time, the host is looked at once', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	let reads = 0;
	host.onRead = () => {
		reads += 1;
	};
	await Promise.all([daemon.ask.status(), daemon.ask.status(), daemon.ask.diff(), daemon.ask.status()]);
	assert.equal(reads, 2, 'of both families');
});

test('diff tells what the host has against what is wanted', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	assert.deepEqual(await daemon.ask.diff(), { same: true, differences: [] });
	daemon.world.host.nft.edit('ipv4', '*nat\n-F OUTPUT\nCOMMIT\n');
	const { same, differences } = await daemon.ask.diff();
	assert.equal(same, false);
	assert.deepEqual(
		differences.map(({ family, kind, table }) => `${family} ${kind} ${table}`),
		['ipv4 missing nat', 'ipv4 missing nat'],
	);
});

test('status names what is wrong with Envoy', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { envoy, host } = daemon.world;
	const why = async () => {
		const found = (await daemon.ask.status()).conditions.find(({ subject }) => subject === 'envoy');
		return found?.ok === false ? found.why : '';
	};
	assert.equal(await why(), '');
	host.listeners = [];
	assert.match(await why(), /nobody listens on ports 15000 and 15001/);
	envoy.silent();
	assert.match(await why(), /does not answer/);
	envoy.fail();
	assert.match(await why(), /ended with code 1/);
});

test('a reload that changes nothing leaves everything alone', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const before = daemon.world.host.nft.text();
	assert.deepEqual((await daemon.ask.reload()).changed, []);
	assert.equal(daemon.world.host.nft.text(), before);
});

test('a reload changes the rules while they are on, and waits with them while they are off', async () => {
	await using daemon = await startDaemonOnFakes();
	const { host } = daemon.world;
	daemon.world.settings += 'egressIgnoredPorts: 2222\n';
	assert.deepEqual((await daemon.ask.reload()).changed, ['egressIgnoredPorts']);
	assert.equal(host.hasOurs(), false);
	await daemon.ask.enable();
	assert.match(host.nft.text(), /2222/);
	daemon.world.settings += 'egressIgnoredIps: 192.0.2.77\n';
	await daemon.ask.reload();
	assert.match(host.nft.text(), /192\.0\.2\.77/);
	assert.equal(daemon.counters.read().ruleChanges.reload, 2);
	const shown = (await daemon.ask.config()).settings.find(({ key }) => key === 'egressIgnoredIps');
	assert.equal(shown?.value, '192.0.2.77');
});

test('what is wrong with new settings is found before anything is changed', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host, envoy } = daemon.world;
	const before = host.nft.text();
	daemon.world.settings += 'ipv6: 1\n';
	host.ipv6 = { hasAddress: true, obstacle: 'the kernel has none', hasRules: false };
	await assert.rejects(daemon.ask.reload(), { code: 'config', message: /Cannot capture IPv6/ });
	assert.deepEqual([host.nft.text(), envoy.changes], [before, []]);
});

test('a reload whose rules the kernel refuses keeps the former settings', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { host } = daemon.world;
	const before = host.nft.text();
	daemon.world.settings += 'egressIgnoredPorts: 2222\n';
	host.onCommit = () => {
		throw new Failure('firewall', 'Cannot commit: the kernel refuses', 'None');
	};
	await assert.rejects(daemon.ask.reload(), /kernel refuses/);
	host.onCommit = () => undefined;
	assert.equal(host.nft.text(), before);
	assert.equal((await daemon.ask.status()).is, 'enabled');
	assert.equal(daemon.counters.read().ruleChanges.reload, 0);
});

test('an image that update chose is remembered with what the settings said, and pulled', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { envoy, stores } = daemon.world;
	assert.equal((await daemon.ask.update({ image: 'envoy:2' })).changed, true);
	const [change] = envoy.changes;
	assert.deepEqual([change?.plan.spec.image, change?.plan.spec.pull, change?.isUpdate], ['envoy:2', 'always', true]);
	assert.deepEqual(stores.state.image, { chosen: 'envoy:2', settings: 'envoy:1' });
	await daemon.ask.update();
	assert.equal(envoy.changes[1]?.plan.spec.image, 'envoy:2');
	assert.equal(stores.state.wanted, 'enabled');
});

test('reloads and updates come one after the other, and rules can be switched off meanwhile', async () => {
	await using daemon = await startDaemonOnFakes(enabled);
	const { envoy } = daemon.world;
	const gate = Promise.withResolvers<void>();
	envoy.onReplace = () => gate.promise;
	const replies = [daemon.ask.update({ image: 'envoy:2' }), daemon.ask.reload()];
	await settled();
	assert.equal(envoy.changes.length, 1);
	assert.equal((await daemon.ask.disable()).status.is, 'disabled');
	gate.resolve();
	await Promise.all(replies);
	assert.equal(envoy.changes.length, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, remove } from '../../../src/reconcile/apply.ts';
import { type Checkpoint, hadRules, restoreCheckpoint, takeCheckpoint } from '../../../src/reconcile/checkpoint.ts';
import { buildDesiredRules } from '../../../src/reconcile/desired.ts';
import { inspect } from '../../../src/reconcile/inspect.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryFirewall } from '../../support/memory-firewall.ts';
import { createMemoryRouting } from '../../support/memory-routing.ts';

const signal = AbortSignal.timeout(600_000);
const localRouting = { mark: 0x1e7700ce, table: 100, isNeeded: false };
const desiredOf = (appPorts: string) =>
	buildDesiredRules(captureOf({ appPorts }), 'iptables-nft', ['ipv4', 'ipv6'], localRouting);
const [former, later] = [desiredOf('8080'), desiredOf('9090')];
const nothing = { ipv4: [], ipv6: [] };

function createHost() {
	const nft = createMemoryFirewall();
	const legacy = createMemoryFirewall({ dialect: 'iptables-legacy' });
	const routing = createMemoryRouting();
	return { nft, legacy, routing, host: { firewalls: [nft, legacy], routing } };
}

/** As it is read from disk. */
const stored = (checkpoint: Checkpoint): Checkpoint => JSON.parse(JSON.stringify(checkpoint));

test('a checkpoint of a host without rules says so, in the form that is on disk', async () => {
	const { host } = createHost();
	const checkpoint = await takeCheckpoint(host, signal);
	const none = { ipv4: '', ipv6: '' };
	assert.deepEqual(checkpoint, { saved: { 'iptables-nft': none, 'iptables-legacy': none }, hadRoutes: false });
	assert.equal(hadRules(checkpoint), false);
});

test('a checkpoint of rules has the text of their tables, rules of others included, by dialect and family', async () => {
	const { host, nft } = createHost();
	nft.edit('ipv4', '*nat\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n');
	await apply(host, former, signal);
	const { saved, hadRoutes } = await takeCheckpoint(host, signal);
	assert.deepEqual(saved['iptables-legacy'], { ipv4: '', ipv6: '' });
	assert.equal(`# ipv4\n${saved['iptables-nft']?.ipv4}# ipv6\n${saved['iptables-nft']?.ipv6}`, nft.text());
	assert.match(saved['iptables-nft']?.ipv4 ?? '', /-p udp -j ACCEPT/);
	assert.equal(hadRoutes, true);
	assert.equal(hadRules({ saved, hadRoutes }), true);
});

test('going back to rules brings back those of then, and keeps rule and route', async () => {
	const { host, routing } = createHost();
	await apply(host, former, signal);
	const checkpoint = stored(await takeCheckpoint(host, signal));
	await apply(host, later, signal);
	const actual = await restoreCheckpoint(host, checkpoint, signal);
	assert.deepEqual(actual.get('iptables-nft')?.diff(former.rules), nothing);
	assert.deepEqual((await inspect(host, former, true, signal)).differences, nothing);
	assert.equal(routing.held.rules.length, 2);
});

test('going back to nothing removes rules and routes, and keeps what open connections need', async () => {
	const { host, nft, routing } = createHost();
	const checkpoint = stored(await takeCheckpoint(host, signal));
	await apply(host, later, signal);
	const actual = await restoreCheckpoint(host, checkpoint, signal);
	assert.deepEqual(actual.get('iptables-nft')?.isClean, { ipv4: true, ipv6: true });
	assert.match(nft.text(), /APPMESH_TRACKING/);
	assert.deepEqual(routing.held, { rules: [], routes: [] });
	await remove(host, { keepConntrack: false }, signal);
	assert.doesNotMatch(nft.text(), /APPMESH_/);
});

test('a dialect that was not installed then had nothing', async () => {
	const { host, nft, legacy } = createHost();
	const checkpoint = await takeCheckpoint({ ...host, firewalls: [legacy] }, signal);
	await apply(host, later, signal);
	await restoreCheckpoint(host, stored(checkpoint), signal);
	assert.deepEqual((await nft.read(signal)).isClean, { ipv4: true, ipv6: true });
});

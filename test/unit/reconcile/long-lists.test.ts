import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { resolveHostContext } from '../../../src/reconcile/host-context.ts';
import { computeDesired } from '../../../src/reconcile/resolve.ts';
import { listsFact } from '../../../src/status/lists-condition.ts';
import { captureOf } from '../../support/capture.ts';
import { startDaemonOnFakes } from '../../support/daemon-on-fakes.ts';
import { createMemoryFirewall } from '../../support/memory-firewall.ts';
import { createMemoryHost } from '../../support/memory-host.ts';

const { signal } = new AbortController();
const listOf = (length: number): string => Array.from({ length }, (_, at) => `10.0.${at}.0/24`).join(',');

async function contextOf(length: number, { setObstacle = '', backend = 'auto', egressPort = '15001' } = {}) {
	const host = createMemoryHost([]);
	host.setObstacle = setObstacle;
	const config = { backend, ipv6: '0', egressPort: 15_001, ingressPort: 15_000, mark: 1, routeTable: 100 };
	const units = { ignoreUnits: [], onlyUnits: [] };
	const capture = captureOf({ egressIgnoredIps: listOf(length), appPorts: '8080', egressPort });
	const wanted = { config: { ...config, ...units }, capture, written: new Map() };
	return resolveHostContext(host.host, wanted as Parameters<typeof resolveHostContext>[1], undefined, signal);
}

const rulesOf = async (length: number, options = {}) =>
	(await computeDesired(await contextOf(length, options))).target.rules;

test('up to 32 addresses have a rule each, as that is as fast; more are a set', async () => {
	// fe80::/10 is always there too.
	assert.equal((await contextOf(31)).capture.hasSets, false);
	const { capture, slowLists } = await contextOf(32);
	assert.deepEqual([capture.hasSets, slowLists], [true, undefined]);
	const firewall = createMemoryFirewall();
	await firewall.apply(await rulesOf(33), signal);
	assert.match(firewall.text(), / --match-set turnout-ipv4-/);
});

test('a kernel without sets gets a rule for each address, and status says why and what to do', async () => {
	const setObstacle = 'the kernel lacks the match set (module xt_set)';
	const { capture, slowLists } = await contextOf(50, { setObstacle });
	assert.deepEqual(slowLists, { settings: ['egressIgnoredIps'], obstacle: setObstacle });
	assert.equal(capture.hasSets, false);
	const told = listsFact(slowLists);
	assert.ok(
		!told.ok && /egressIgnoredIps one by one .*module xt_set/.test(told.why) && /modprobe|nft/.test(told.remedy),
	);
	assert.equal(listsFact(undefined).ok, true);
	const firewall = createMemoryFirewall();
	await firewall.apply(await rulesOf(50, { setObstacle }), signal);
	assert.match(firewall.text(), /-d 10\.0\.49\.0\/24/);
});

test('nft has sets of its own: no kernel is asked for any, and no list is slow', async () => {
	const { slowLists, capture } = await contextOf(50, { setObstacle: 'nobody asks', backend: 'nft' });
	assert.deepEqual([slowLists, capture.hasSets], [undefined, true]);
});

test('where the rules are refused, the sets of the former ones are there again, and no others', async () => {
	let refusing = false;
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (refusing && family === 'ipv4') throw new Failure('firewall', 'Cannot commit: refused', 'None');
		},
	});
	const { sets } = firewall.program;
	const former = await rulesOf(40);
	await firewall.apply(former, signal);
	const before = [...sets.held.keys()];
	refusing = true;
	await assert.rejects(firewall.apply(await rulesOf(41), signal), /refused/);
	assert.deepEqual([...sets.held.keys()], before);
	assert.deepEqual((await firewall.read(signal)).diff(former), { ipv4: [], ipv6: [] });
});

test('a set of the former rules that goes while the new ones are refused is made again', async () => {
	let refusing = false;
	const before: string[] = [];
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (!refusing || family === 'ipv4') return;
			// Somebody else removes the former sets meanwhile.
			for (const name of before) sets.held.delete(name);
			throw new Failure('firewall', 'Cannot commit: refused', 'None');
		},
	});
	const { sets } = firewall.program;
	const [former, next] = [await rulesOf(40), await rulesOf(41, { backend: 'iptables-nft', egressPort: '16001' })];
	await firewall.apply(former, signal);
	before.push(...sets.held.keys());
	refusing = true;
	await assert.rejects(firewall.apply(next, signal), /refused/);
	assert.deepEqual([...sets.held.keys()], before);
	assert.deepEqual((await firewall.read(signal)).diff(former), { ipv4: [], ipv6: [] });
});

test('a set that was there when it was read last, and is not any more, is made', async () => {
	const firewall = createMemoryFirewall();
	const { sets } = firewall.program;
	const rules = await rulesOf(40);
	await firewall.apply(rules, signal);
	const left = [...sets.held.values()];
	await firewall.remove({ keepConntrack: false }, signal);
	for (const set of left) await sets.put(set, false);
	const last = await firewall.read(signal);
	sets.held.clear();
	const installed = await firewall.apply(rules, signal, { last });
	assert.deepEqual(installed.diff(rules), { ipv4: [], ipv6: [] });
});

test('a set that goes in the middle of a change is made again', async () => {
	let times = 0;
	const firewall = createMemoryFirewall({
		onCommit: () => {
			times += 1;
			if (times === 1) firewall.program.sets.held.clear();
		},
	});
	const rules = await rulesOf(40);
	await firewall.apply(rules, signal);
	assert.deepEqual((await firewall.read(signal)).diff(rules), { ipv4: [], ipv6: [] });
});

test('a set that somebody empties is put right within seconds, although nothing tells of it', async () => {
	await using daemon = await startDaemonOnFakes({
		settings: `egressIgnoredIps: ${listOf(40)}\n`,
		state: { wanted: 'enabled' },
	});
	const { host, clock } = daemon.world;
	await clock.advance(3_000);
	const { sets } = host.nft.program;
	const [set] = [...sets.held.values()];
	assert.equal(set?.entries.length, 40);
	sets.held.set(set.name, { ...set, entries: [] });
	await clock.advance(13_000);
	assert.equal(sets.held.get(set.name)?.entries.length, 40);
	assert.match(
		(await daemon.ask.status()).repairs.last?.what ?? '',
		/^missing in ipset: create turnout-ipv4-.* \(with its 40 entries\)$/,
	);
});

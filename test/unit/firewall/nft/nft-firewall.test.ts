// The firewall of nft beside others who change the same table, and beside a kernel that refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../../src/failure.ts';
import type { RulesByFamily } from '../../../../src/firewall/firewall.ts';
import { nft } from '../../../../src/firewall/nft/nft-firewall.ts';
import { sumCounters } from '../../../../src/firewall/rule-counters.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryFirewall } from '../../../support/memory-firewall.ts';
import { createMemoryNftFirewall, type MemoryNftFirewall } from '../../../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);
const rulesOf = (texts: Readonly<Record<string, string>>, stage: 'syn' | 'all' = 'all'): RulesByFamily =>
	byFamily((family) => buildRuleset(captureOf(texts), family, stage));
const first = rulesOf({ appPorts: '8080' });
const second = rulesOf({ appPorts: '9090', egressPort: '16001' });
const none: RulesByFamily = { ipv4: [], ipv6: [] };
const noDifference = { ipv4: [], ipv6: [] };

async function requireInstalled(firewall: MemoryNftFirewall, desired: RulesByFamily): Promise<void> {
	assert.deepEqual((await firewall.read(signal)).diff(desired), noDifference);
}

const refusal = new Failure('unsupported', 'Cannot commit the rules: no', 'None');
const isRefusal = (error: unknown) => error === refusal;

test('nothing is committed where everything is as desired, and nothing where nothing is there and should be', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(none, signal);
	assert.equal(firewall.program.commits.length, 0);
	await firewall.apply(first, signal);
	await firewall.apply(first, signal);
	assert.equal(firewall.program.commits.length, 1);
});

test('an empty table of ours goes too', async () => {
	const firewall = createMemoryNftFirewall();
	firewall.program.edit('table inet turnout\n');
	const installed = await firewall.read(signal);
	assert.deepEqual([installed.isEmpty, installed.isClean], [false, byFamily(() => true)]);
	await firewall.remove({ keepConntrack: true }, signal);
	assert.equal(await firewall.program.read(signal), '');
});

test('what cannot be committed leaves the former rules, and is what the caller hears', async () => {
	const hindrance = { isOn: false };
	const firewall = createMemoryNftFirewall({
		onCommit() {
			if (hindrance.isOn) throw refusal;
		},
	});
	await firewall.apply(first, signal);
	hindrance.isOn = true;
	await assert.rejects(firewall.apply(second, signal), isRefusal);
	await requireInstalled(firewall, first);
	assert.equal(firewall.program.commits.length, 1);
});

test('a change of somebody else between the read and the commit is found out, and the commit tried again', async () => {
	const intruder = { times: 1 };
	const firewall = createMemoryNftFirewall({
		onCommit() {
			if (intruder.times > 0) firewall.program.edit('delete table inet turnout\n');
			intruder.times -= 1;
		},
	});
	firewall.program.edit('table inet turnout {\n\tchain nat_other {\n\t}\n}\n');
	await firewall.apply(first, signal);
	await requireInstalled(firewall, first);
});

test('whoever undoes each commit is told of, after some attempts, and the rules from before are there again', async () => {
	const vandal = { isOn: false, commits: 0 };
	const firewall = createMemoryNftFirewall({
		onCommit() {
			vandal.commits += 1;
		},
		afterCommit() {
			if (vandal.isOn) firewall.program.edit('flush chain inet turnout nat_egress_ipv6\n');
			if (vandal.commits === 6) vandal.isOn = false;
		},
	});
	await firewall.apply(first, signal);
	vandal.isOn = true;
	await assert.rejects(firewall.apply(second, signal), (error) => {
		assert.ok(error instanceof Failure);
		assert.match(
			error.message,
			/^Cannot keep the table inet turnout: what was committed reads back otherwise: missing in nat: rule/,
		);
		return true;
	});
	await requireInstalled(firewall, first);
});

test('a listing that fails after a failed commit does not hide what failed', async () => {
	const kernel = { isGone: false };
	const firewall = createMemoryNftFirewall({
		isSilent: true,
		onCommit() {
			kernel.isGone = true;
			throw refusal;
		},
		onRead() {
			if (kernel.isGone) throw new Error('nft is gone');
		},
	});
	await assert.rejects(firewall.apply(first, signal), isRefusal);
});

test('nft is asked only after somebody has committed; what its counters have seen is known all the same', async () => {
	const reads = { count: 0 };
	const firewall = createMemoryNftFirewall({
		onRead() {
			reads.count += 1;
		},
	});
	await firewall.apply(first, signal);
	const { count } = reads;
	firewall.program.count('nat_ingress.appPorts', 4);
	const installed = await firewall.read(signal);
	assert.equal(sumCounters(installed.counted(first)).ingress.connections, 4);
	await firewall.reread(installed, ['ipv4'], signal);
	assert.equal(reads.count, count);
	firewall.program.edit('flush chain inet turnout nat_egress_ipv4\n');
	assert.notDeepEqual((await firewall.read(signal)).diff(first), noDifference);
	assert.equal(reads.count, count + 1);
});

test('a change that another follows at once is not listed; the other is, and finds out what somebody has done meanwhile', async () => {
	const reads: number[] = [];
	const firewall = createMemoryNftFirewall({ onRead: () => reads.push(firewall.program.commits.length) });
	const syn = rulesOf({ appPorts: '8080' }, 'syn');
	const last = await firewall.apply(syn, signal, { isInterim: true });
	assert.deepEqual([reads, last.diff(syn)], [[0], noDifference]);
	firewall.program.edit('flush chain inet turnout nat_egress_ipv4\n');
	await firewall.apply(first, signal, { last });
	await requireInstalled(firewall, first);
});

test('with a long list the second of two changes finds the set that the first has made', async () => {
	const egressIgnoredIps = Array.from({ length: 40 }, (_, at) => `10.0.${at}.0/25`).join();
	const capture = { ...captureOf({ appPorts: '8080', egressIgnoredIps }), hasSets: true };
	const [syn, all] = (['syn', 'all'] as const).map((stage) =>
		byFamily((family) => buildRuleset(capture, family, stage)),
	) as [RulesByFamily, RulesByFamily];
	for (const before of [none, first]) {
		const firewall = createMemoryNftFirewall();
		await firewall.apply(before, signal);
		const last = await firewall.apply(syn, signal, { isInterim: true });
		const { length } = firewall.program.commits;
		await firewall.apply(all, signal, { last });
		await requireInstalled(firewall, all);
		assert.equal(firewall.program.commits.length, length + 1);
	}
});

test('the second stage puts rules behind those of the first: nothing is removed, and no chain is declared again', async () => {
	for (const texts of [{}, { appPorts: '*' }, { appPorts: '8080', egressIgnoredIps: '10.0.0.0/8,2001:db8::/32' }]) {
		const firewall = createMemoryNftFirewall();
		await firewall.apply(rulesOf(texts, 'syn'), signal);
		const former = (firewall.program.commits.at(-1) ?? '').match(/^\tchain \w+ /gm) ?? [];
		await firewall.apply(rulesOf(texts), signal);
		const document = firewall.program.commits.at(-1) ?? '';
		assert.match(document, /^add rule inet turnout nat_output meta nfproto ipv4 tcp flags/m);
		assert.doesNotMatch(document, /^(flush|delete) /m);
		assert.deepEqual(
			former.filter((chain) => document.includes(chain)),
			[],
		);
		await requireInstalled(firewall, rulesOf(texts));
	}
});

test('a rule that somebody has removed from the end of a chain is put there again, and nothing else is touched', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	firewall.program.edit('flush chain inet turnout nat_egress_ipv4\n');
	await firewall.apply(first, signal);
	const lines = (firewall.program.commits.at(-1) ?? '').trimEnd().split('\n');
	assert.ok(lines.length > 1);
	for (const line of lines) assert.match(line, /^add rule inet turnout nat_egress_ipv4 /);
	await requireInstalled(firewall, first);
});

test('where the kernel does not say whether somebody has committed, nft is asked each time', async () => {
	const firewall = createMemoryNftFirewall({ isSilent: true });
	await firewall.apply(first, signal);
	firewall.program.edit('flush chain inet turnout nat_egress_ipv4\n');
	assert.notDeepEqual((await firewall.read(signal)).diff(first), noDifference);
});

test('what another firewall has read says nothing of this one', async () => {
	const firewall = createMemoryNftFirewall();
	const last = await createMemoryFirewall().apply(first, signal);
	assert.deepEqual((await firewall.apply(first, signal, { last })).diff(first), noDifference);
	await requireInstalled(firewall, first);
});

test('what stays while captured connections are open captures nothing, and is not rendered twice', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	const kept = await firewall.remove({ keepConntrack: true }, signal);
	const listing = await firewall.program.read(signal);
	const chains = [...listing.matchAll(/"chain":\{"family":"inet","table":"turnout","name":"(\w+)"/g)].map(
		([, name]) => name,
	);
	assert.deepEqual(chains.sort(), [
		...['mangle_answer_ipv4', 'mangle_answer_ipv6', 'mangle_output'],
		...['nat_output', 'nat_prerouting', 'nat_tracking'],
	]);
	assert.doesNotMatch(listing, /redirect|nat_egress|nat_ingress|mangle_ingress|counter/);
	assert.match(listing, /"jump":\{"target":"mangle_answer_ipv6"\}/);
	assert.deepEqual([kept.isEmpty, kept.isClean, kept.ruleCount > 0], [false, byFamily(() => true), true]);
	assert.deepEqual(kept.leftovers({ keepConntrack: true }), noDifference);
	assert.equal(kept.capturesWhole(first), false);
	const { length } = firewall.program.commits;
	await firewall.remove({ keepConntrack: true }, signal);
	assert.equal(firewall.program.commits.length, length);
	await firewall.apply(second, signal);
	await requireInstalled(firewall, second);
});

test('a guard alone leaves nothing that connections would need', async () => {
	const firewall = createMemoryNftFirewall();
	const guard = byFamily((family) =>
		first[family].filter(({ table, name }) => table === 'mangle' && name === 'APPMESH_INGRESS'),
	);
	const installed = await firewall.apply(guard, signal);
	assert.deepEqual(
		installed.isClean,
		byFamily(() => false),
	);
	assert.equal((await firewall.remove({ keepConntrack: true }, signal)).isEmpty, true);
});

test('one family alone is clean while the other is not', async () => {
	const firewall = createMemoryNftFirewall();
	const installed = await firewall.apply({ ...first, ipv6: [] }, signal);
	assert.deepEqual(installed.isClean, { ipv4: false, ipv6: true });
	assert.deepEqual((await firewall.apply({ ...first, ipv4: [] }, signal)).isClean, { ipv4: true, ipv6: false });
});

test('capture is whole where nat gets more than what opens a connection', async () => {
	const firewall = createMemoryNftFirewall();
	assert.equal((await firewall.apply(rulesOf({ appPorts: '8080' }, 'syn'), signal)).capturesWhole(first), false);
	const whole = await firewall.apply(first, signal);
	assert.equal(whole.capturesWhole(first), true);
	assert.equal(whole.capturesWhole(none), true);
	firewall.program.edit('flush chain inet turnout nat_prerouting\n');
	assert.equal((await firewall.read(signal)).capturesWhole(first), false);
});

test('a checkpoint brings back chains, counters and what is not in words of ours as far as it was ours', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	firewall.program.edit('add set inet turnout theirs { type ipv4_addr; }\n');
	const then = await firewall.takeCheckpoint(signal);
	assert.equal(then.ipv6, '');
	await firewall.apply(second, signal);
	assert.deepEqual((await firewall.restore(then, signal)).diff(first), noDifference);
});

test('a checkpoint of nothing, and one of what only stayed for connections, are gone back to by a removal', async () => {
	const firewall = createMemoryNftFirewall();
	const nothing = await firewall.takeCheckpoint(signal);
	await firewall.apply(first, signal);
	await firewall.remove({ keepConntrack: true }, signal);
	const remainder = await firewall.takeCheckpoint(signal);
	for (const checkpoint of [nothing, remainder]) {
		await firewall.apply(first, signal);
		const installed = await firewall.restore(checkpoint, signal);
		assert.deepEqual([installed.isEmpty, installed.isClean], [false, byFamily(() => true)]);
	}
});

test('no chain of others is taken over or claimed: none has our priority', async () => {
	const firewall = createMemoryNftFirewall();
	assert.equal(firewall.claim, undefined);
	assert.deepEqual(await firewall.namesakes(signal), []);
	assert.deepEqual([firewall.dialect, nft.table], ['nft', 'inet turnout']);
});

test('the document of an installation is what is committed first', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	assert.deepEqual(nft.renderInstallations(first), [{ family: 'inet', document: firewall.program.commits[0] }]);
	assert.deepEqual(nft.renderInstallations(none), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIptablesFirewall } from '../../../src/firewall/iptables/iptables-firewall.ts';
import type { IptablesProgram } from '../../../src/firewall/iptables/iptables-program.ts';
import { ownChains } from '../../../src/firewall/iptables/iptables-rules.ts';
import { createRuleReader, type RuleSource, refsOf } from '../../../src/host/iptables/kernel-rules.ts';
import { withRuleCache } from '../../../src/host/iptables/rule-cache.ts';
import type { RuleFingerprint } from '../../../src/host/nft/nft-rules.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import { byFamily, type Family } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';
import { createMemoryIptables, type MemoryIptables } from '../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const document = (...lines: readonly string[]): string => `*nat\n${lines.join('\n')}\nCOMMIT\n`;
const ours = document(
	':APPMESH_EGRESS - [0:0]',
	'-I OUTPUT 1 -p tcp -m comment --comment "turnout: connections from this host" -j APPMESH_EGRESS',
	'-A APPMESH_EGRESS -p tcp -m comment --comment "turnout: all else" -j REDIRECT --to-ports 15001',
);

/** By `table chain`. */
function chainsOf(text: string): ReadonlyMap<string, string[]> {
	const chains = new Map<string, string[]>();
	let table = '';
	for (const line of text.split('\n')) {
		const [, name, declared, chain, rule] = /^(?:\*(\w+)|:(\S+).*|\[0:0\] -A (\S+) (.*))$/.exec(line) ?? [];
		table = name ?? table;
		if (declared !== undefined) chains.set(`${table} ${declared}`, []);
		chains.get(`${table} ${chain}`)?.push(rule ?? '');
	}
	return chains;
}

/** The rules of memory's iptables as netlink would tell them: a handle of its own for each, and what a rule is without its words. */
function createSource(memory: MemoryIptables, family: Family, count: { packets: number }): RuleSource {
	const handles = new Map<string, number>();
	const handleOf = (key: string): number => {
		handles.set(key, handles.get(key) ?? handles.size + 1);
		return handles.get(key) ?? 0;
	};
	return {
		generation: async () => handleOf(await memory.read(family, signal)),
		async rules({ table, chain }) {
			const rules = chainsOf(await memory.read(family, signal)).get(`${table} ${chain}`);
			return rules?.map(
				(rule): RuleFingerprint => ({
					fingerprint: `<${rule.replace(/-j (\S+).*/, '$1\0')}>`,
					handle: handleOf(`${table} ${chain} ${rule}`),
					counters: `[${count.packets}:0]`,
				}),
			);
		},
		close: () => undefined,
	};
}

function createCached(onCommit: () => void = () => undefined) {
	const log: string[] = [];
	const count = { packets: 0 };
	const memory = createMemoryIptables({ onCommit });
	const saving: IptablesProgram = {
		...memory,
		async read(family, of) {
			log.push('iptables-save');
			return memory.read(family, of);
		},
	};
	const readers = byFamily((family) => createRuleReader(refsOf(ownChains), createSource(memory, family, count)));
	return { log, count, memory, readers, cached: withRuleCache(saving, readers) };
}

const rulesIn = (text: string): string[] => text.split('\n').filter((line) => line.includes('-A '));

test('rules that iptables-save has printed once are read over netlink from then on, with their counters', async () => {
	const { log, count, memory, cached } = createCached();
	memory.edit('ipv4', ours);
	const first = await cached.read('ipv4', signal);
	assert.deepEqual(log, ['iptables-save']);
	assert.deepEqual(rulesIn(await cached.read('ipv4', signal)).sort(), rulesIn(first).sort());
	count.packets = 7;
	const [rule] = rulesIn(await cached.read('ipv4', signal)).filter((line) => line.includes('REDIRECT'));
	assert.match(rule ?? '', /^\[7:0\] -A APPMESH_EGRESS .* -j REDIRECT --to-ports 15001$/);
	assert.deepEqual(log, ['iptables-save']);
});

test('a host without rules of ours needs no iptables-save', async () => {
	const { log, memory, cached } = createCached();
	memory.edit('ipv4', document(':SHOP - [0:0]', '-A OUTPUT -p udp -j SHOP'));
	assert.doesNotMatch(await cached.read('ipv4', signal), /APPMESH_/);
	assert.deepEqual(log, []);
});

test("others' rules stand at their places without their words, and ours are found behind them", async () => {
	const { memory, cached, log } = createCached();
	memory.edit('ipv4', ours);
	await cached.read('ipv4', signal);
	memory.edit('ipv4', document('-I OUTPUT 1 -p udp -j ACCEPT'));
	const read = rulesIn(await cached.read('ipv4', signal)).filter((line) => line.includes('-A OUTPUT'));
	assert.match(read[0] ?? '', /"not ours"/);
	assert.match(read[1] ?? '', /-j APPMESH_EGRESS$/);
	assert.deepEqual(log, ['iptables-save']);
});

test("before a commit iptables-save is asked only where it has not printed others' rules yet", async () => {
	const { log, memory, cached } = createCached();
	await cached.check('ipv4', signal);
	assert.deepEqual(log, []);
	memory.edit('ipv4', document('-A OUTPUT -p udp -j ACCEPT'));
	await cached.read('ipv4', signal);
	for (const _ of ['unknown', 'known']) await cached.check('ipv4', signal);
	assert.deepEqual(log, ['iptables-save']);
});

for (const [title, edit] of Object.entries({
	'a rule among ours': '-I APPMESH_EGRESS 1 -p tcp -j RETURN',
	'a rule that leads to ours': '-A OUTPUT -p udp -j APPMESH_EGRESS',
}))
	test(`${title} whose text is not known makes it ask iptables-save, once`, async () => {
		const { log, memory, cached } = createCached();
		memory.edit('ipv4', ours);
		await cached.read('ipv4', signal);
		memory.edit('ipv4', document(edit));
		for (const _ of ['unknown', 'known'])
			assert.match(await cached.read('ipv4', signal), new RegExp(edit.replace(/^-[AI] (\S+) (1 )?/, '-A $1 ')));
		assert.deepEqual(log, ['iptables-save', 'iptables-save']);
	});

test('each family has texts of its own', async () => {
	const { log, memory, cached } = createCached();
	for (const family of ['ipv4', 'ipv6'] as const) memory.edit(family, ours);
	await cached.read('ipv4', signal);
	await cached.read('ipv6', signal);
	assert.deepEqual(log, ['iptables-save', 'iptables-save']);
});

test('rules that somebody changes while iptables-save runs are not learned', async () => {
	const { log, memory, readers } = createCached();
	memory.edit('ipv4', ours);
	const edits = [document('-D APPMESH_EGRESS 1', '-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001')];
	const changing: IptablesProgram = {
		...memory,
		async read(family, of) {
			log.push('iptables-save');
			// Another rule with the same fingerprint, as far as this fake tells.
			for (const edit of edits.splice(0)) memory.edit(family, edit);
			return memory.read(family, of);
		},
	};
	const cached = withRuleCache(changing, readers);
	await cached.read('ipv4', signal);
	await cached.read('ipv4', signal);
	await cached.read('ipv4', signal);
	assert.deepEqual(log, ['iptables-save', 'iptables-save']);
});

test('rules that change while netlink tells them are read by iptables-save', async () => {
	const memory = createMemoryIptables();
	memory.edit('ipv4', ours);
	const reader = async () => undefined;
	const cached = withRuleCache(memory, { ipv4: reader, ipv6: reader });
	assert.match(await cached.read('ipv4', signal), /APPMESH_EGRESS/);
});

test('a refused commit makes the next read a full one, and only that: what keeps us may be where the cache does not look', async () => {
	const refusal = { isOn: false };
	const { log, memory, cached } = createCached(() => {
		if (refusal.isOn) throw new Error('refused');
	});
	memory.edit('ipv4', ours);
	await cached.read('ipv4', signal);
	refusal.isOn = true;
	await assert.rejects(cached.commit('ipv4', ours, signal), /refused/);
	memory.edit('ipv4', document(':SHOP - [0:0]', '-A SHOP -p tcp -j APPMESH_EGRESS'));
	assert.match(await cached.read('ipv4', signal), /-A SHOP/);
	assert.doesNotMatch(await cached.read('ipv4', signal), /-A SHOP/);
	await cached.read('ipv6', signal);
	assert.deepEqual(log, ['iptables-save', 'iptables-save']);
});

test('a firewall on top of the cache repairs and removes, also what leads to ours from a chain that the cache does not read', async () => {
	const { memory, cached, log } = createCached();
	const firewall = createIptablesFirewall(cached);
	const rules = byFamily((family) => buildRuleset(captureOf({ appPorts: '8080' }), family));
	await firewall.apply(rules, signal);
	memory.edit('ipv4', document('-D APPMESH_EGRESS 1'));
	const last = await firewall.read(signal);
	assert.deepEqual((await firewall.apply(rules, signal, { last })).diff(rules), { ipv4: [], ipv6: [] });
	const before = log.length;
	await firewall.read(signal);
	assert.equal(log.length, before, 'all of it is known by now');
	memory.edit('ipv4', document(':SHOP - [0:0]', '-A SHOP -p tcp -j APPMESH_EGRESS'));
	assert.equal((await firewall.remove({ keepConntrack: false }, signal)).isEmpty, true);
	assert.doesNotMatch(memory.text(), /APPMESH_/);
});

test('iptables-legacy has no rules in netlink, and is read as it is', () => {
	const memory = createMemoryIptables({ dialect: 'iptables-legacy' });
	const never = async () => assert.fail('there is nothing to read');
	assert.equal(withRuleCache(memory, { ipv4: never, ipv6: never }), memory);
});

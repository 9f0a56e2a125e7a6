import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/failure.ts';
import type { Dialect, Firewall } from '../../src/firewall/firewall.ts';
import { emptyRules, parseIptablesSave } from '../../src/firewall/iptables/installed.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryFirewall } from '../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;

const others = document('nat', ':SHOP - [0:0]', '-A OUTPUT -p udp -j SHOP', '-A SHOP -p udp -j RETURN');
const ours = document(
	'nat',
	':APPMESH_EGRESS - [0:0]',
	'-I OUTPUT 1 -p tcp -m comment --comment "turnout: two words" -j APPMESH_EGRESS',
	'-A APPMESH_EGRESS -d 192.0.2.7/32 -p tcp -j RETURN',
	'-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001',
);

const saved = async (firewall: Firewall): Promise<string[]> =>
	(await firewall.read('ipv4', signal)).split('\n').filter((line) => line.includes('-A '));

/** What the core believes of every firewall, whatever is behind it. Each begins with one that nobody has used. */
const contract: Readonly<Record<string, (firewall: Firewall) => Promise<void>>> = {
	async 'one that nobody has used holds nothing'(firewall) {
		assert.deepEqual(parseIptablesSave(await firewall.read('ipv4', signal)), emptyRules);
		assert.deepEqual(await saved(firewall), []);
	},

	async 'what was committed is read back in the same words, each rule with a counter'(firewall) {
		await firewall.commit('ipv4', ours, signal);
		assert.deepEqual((await saved(firewall)).toSorted(), [
			'[0:0] -A APPMESH_EGRESS -d 192.0.2.7/32 -p tcp -j RETURN',
			'[0:0] -A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001',
			'[0:0] -A OUTPUT -p tcp -m comment --comment "turnout: two words" -j APPMESH_EGRESS',
		]);
	},

	async 'the families have nothing to do with one another'(firewall) {
		await firewall.commit('ipv4', ours, signal);
		assert.deepEqual(parseIptablesSave(await firewall.read('ipv6', signal)), emptyRules);
	},

	async 'a chain that is named is emptied, and the rules of others stay'(firewall) {
		await firewall.commit('ipv4', others, signal);
		await firewall.commit('ipv4', ours, signal);
		await firewall.commit('ipv4', document('nat', ':APPMESH_EGRESS - [0:0]', '-A APPMESH_EGRESS -j RETURN'), signal);
		assert.deepEqual((await saved(firewall)).toSorted(), [
			'[0:0] -A APPMESH_EGRESS -j RETURN',
			'[0:0] -A OUTPUT -p tcp -m comment --comment "turnout: two words" -j APPMESH_EGRESS',
			'[0:0] -A OUTPUT -p udp -j SHOP',
			'[0:0] -A SHOP -p udp -j RETURN',
		]);
	},

	async 'an insertion goes before what is there'(firewall) {
		await firewall.commit('ipv4', others, signal);
		await firewall.commit('ipv4', ours, signal);
		assert.equal(parseIptablesSave(await firewall.read('ipv4', signal)).hooks[0]?.position, 1);
	},

	async 'what is deleted by its own words is gone, and the chain with it'(firewall) {
		await firewall.commit('ipv4', ours, signal);
		const [hook] = parseIptablesSave(await firewall.read('ipv4', signal)).hooks;
		const removal = [':APPMESH_EGRESS - [0:0]', `-D OUTPUT ${hook?.rule}`, '-X APPMESH_EGRESS'];
		await firewall.commit('ipv4', document('nat', ...removal), signal);
		assert.deepEqual(parseIptablesSave(await firewall.read('ipv4', signal)), emptyRules);
	},

	async 'a document that cannot be committed is refused with its line, and nothing of its table is changed'(firewall) {
		await firewall.commit('ipv4', ours, signal);
		const before = await saved(firewall);
		const stale = document('nat', ':APPMESH_EGRESS - [0:0]', '-D OUTPUT -p tcp -j APPMESH_EGRESS');
		await assert.rejects(firewall.commit('ipv4', stale, signal), (error) => {
			assert.ok(error instanceof Failure);
			assert.equal(error.code, 'firewall');
			return true;
		});
		assert.deepEqual(await saved(firewall), before);
	},

	async 'a chain that somebody still jumps to is not removed'(firewall) {
		await firewall.commit('ipv4', ours, signal);
		const removal = document('nat', ':APPMESH_EGRESS - [0:0]', '-X APPMESH_EGRESS');
		await assert.rejects(firewall.commit('ipv4', removal, signal), Failure);
		assert.equal((await saved(firewall)).length, 3);
	},

	async 'checking changes nothing, whether it can read the document or not'(firewall) {
		await firewall.commit('ipv4', others, signal);
		const before = await firewall.read('ipv4', signal);
		await firewall.check('ipv4', ours, signal);
		await assert.rejects(firewall.check('ipv4', document('nat', 'nobody can read this'), signal), Failure);
		assert.equal(withoutDates(await firewall.read('ipv4', signal)), withoutDates(before));
	},

	async 'a built-in chain of mangle is there once it has been needed'(firewall) {
		for (const chain of ['PREROUTING', 'OUTPUT'] as const) {
			const before = await firewall.hasMangle('ipv4', chain);
			assert.equal(before, firewall.dialect === 'iptables-legacy');
			await firewall.commit('ipv4', document('mangle', `-A ${chain} -p tcp -j ACCEPT`), signal);
			assert.equal(await firewall.hasMangle('ipv4', chain), true);
			assert.equal(await firewall.hasMangle('ipv6', chain), before);
		}
	},
};

const withoutDates = (text: string): string => text.replace(/^#.*\n/gm, '');
const dialects: readonly Dialect[] = ['iptables-nft', 'iptables-legacy'];

for (const dialect of dialects)
	for (const [title, hold] of Object.entries(contract))
		test(`a firewall in memory, ${dialect}: ${title}`, () => hold(createMemoryFirewall({ dialect })));

for (const dialect of dialects)
	test(`the firewall of a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(namespace);
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(title, () => hold(far.firewall(dialect)));
			namespace.run('sh', ['-ec', forget[dialect]]);
		}
	});

/** A legacy table cannot be removed any more; emptied it is as good as new to everybody but the kernel. */
const forget: Readonly<Record<Dialect, string>> = {
	'iptables-nft': 'nft flush ruleset',
	'iptables-legacy': 'for table in nat mangle; do for verb in -F -X; do iptables-legacy -w -t $table $verb; done; done',
};

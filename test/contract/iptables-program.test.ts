import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/failure.ts';
import type { IptablesDialect } from '../../src/firewall/firewall.ts';
import type { IptablesProgram } from '../../src/firewall/iptables/iptables-program.ts';
import { emptyRules } from '../../src/firewall/iptables/iptables-rules.ts';
import { parseIptablesSave } from '../../src/firewall/iptables/parse-save.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryIptables } from '../support/memory-firewall.ts';

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

const saved = async (program: IptablesProgram): Promise<string[]> =>
	(await program.read('ipv4', signal)).split('\n').filter((line) => line.includes('-A '));

/** What the core believes of every program, whatever is behind it. Each begins with one that nobody has used. */
const contract: Readonly<Record<string, (program: IptablesProgram) => Promise<void>>> = {
	async 'tables that nobody has used have no rules'(program) {
		assert.deepEqual(parseIptablesSave(await program.read('ipv4', signal)), emptyRules);
		assert.deepEqual(await saved(program), []);
	},

	async 'what was committed reads back in the same words, each rule with its counter'(program) {
		await program.commit('ipv4', ours, signal);
		assert.deepEqual((await saved(program)).toSorted(), [
			'[0:0] -A APPMESH_EGRESS -d 192.0.2.7/32 -p tcp -j RETURN',
			'[0:0] -A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001',
			'[0:0] -A OUTPUT -p tcp -m comment --comment "turnout: two words" -j APPMESH_EGRESS',
		]);
	},

	async 'the families are independent'(program) {
		await program.commit('ipv4', ours, signal);
		assert.deepEqual(parseIptablesSave(await program.read('ipv6', signal)), emptyRules);
	},

	async "declaring a chain empties it, and others' rules stay"(program) {
		await program.commit('ipv4', others, signal);
		await program.commit('ipv4', ours, signal);
		await program.commit('ipv4', document('nat', ':APPMESH_EGRESS - [0:0]', '-A APPMESH_EGRESS -j RETURN'), signal);
		assert.deepEqual((await saved(program)).toSorted(), [
			'[0:0] -A APPMESH_EGRESS -j RETURN',
			'[0:0] -A OUTPUT -p tcp -m comment --comment "turnout: two words" -j APPMESH_EGRESS',
			'[0:0] -A OUTPUT -p udp -j SHOP',
			'[0:0] -A SHOP -p udp -j RETURN',
		]);
	},

	async 'an inserted rule stands before those that are there'(program) {
		await program.commit('ipv4', others, signal);
		await program.commit('ipv4', ours, signal);
		assert.equal(parseIptablesSave(await program.read('ipv4', signal)).hooks[0]?.position, 1);
	},

	async 'a rule is deleted by its own text, and its chain can go then'(program) {
		await program.commit('ipv4', ours, signal);
		const [hook] = parseIptablesSave(await program.read('ipv4', signal)).hooks;
		const removal = [':APPMESH_EGRESS - [0:0]', `-D OUTPUT ${hook?.rule}`, '-X APPMESH_EGRESS'];
		await program.commit('ipv4', document('nat', ...removal), signal);
		assert.deepEqual(parseIptablesSave(await program.read('ipv4', signal)), emptyRules);
	},

	async 'a document that cannot be committed is refused with its line, and its table stays as it was'(program) {
		await program.commit('ipv4', ours, signal);
		const before = await saved(program);
		const stale = document('nat', ':APPMESH_EGRESS - [0:0]', '-D OUTPUT -p tcp -j APPMESH_EGRESS');
		await assert.rejects(program.commit('ipv4', stale, signal), (error) => {
			assert.ok(error instanceof Failure);
			assert.equal(error.code, 'firewall');
			return true;
		});
		assert.deepEqual(await saved(program), before);
	},

	async 'a chain that a rule still jumps to is not removed'(program) {
		await program.commit('ipv4', ours, signal);
		const removal = document('nat', ':APPMESH_EGRESS - [0:0]', '-X APPMESH_EGRESS');
		await assert.rejects(program.commit('ipv4', removal, signal), Failure);
		assert.equal((await saved(program)).length, 3);
	},

	async 'where a table is refused, those before it in the document are committed, and those behind it are not'(
		program,
	) {
		const tables = [
			document('mangle', '-A OUTPUT -p tcp -j ACCEPT'),
			document('nat', '-D OUTPUT -p tcp -j ACCEPT'),
			document('filter', '-A OUTPUT -p udp -j ACCEPT'),
		];
		await assert.rejects(program.commit('ipv4', tables.join(''), signal), Failure);
		assert.deepEqual(await saved(program), ['[0:0] -A OUTPUT -p tcp -j ACCEPT']);
	},

	async 'a built-in chain of mangle exists once it was needed'(program) {
		for (const chain of ['PREROUTING', 'OUTPUT'] as const) {
			const before = await program.hasMangleChain('ipv4', chain);
			assert.equal(before, program.dialect === 'iptables-legacy');
			await program.commit('ipv4', document('mangle', `-A ${chain} -p tcp -j ACCEPT`), signal);
			assert.equal(await program.hasMangleChain('ipv4', chain), true);
			assert.equal(await program.hasMangleChain('ipv6', chain), before);
		}
	},
};

const dialects: readonly IptablesDialect[] = ['iptables-nft', 'iptables-legacy'];

for (const dialect of dialects)
	for (const [title, hold] of Object.entries(contract))
		test(`iptables in memory, ${dialect}: ${title}`, () => hold(createMemoryIptables({ dialect })));

for (const dialect of dialects)
	test(`iptables of a real kernel, ${dialect}`, async (context) => {
		using namespace = createNamespace('contract');
		using far = openFarHost(namespace);
		for (const [title, hold] of Object.entries(contract)) {
			await context.test(title, () => hold(far.program(dialect)));
			namespace.run('sh', ['-ec', forget[dialect]]);
		}
	});

/** A legacy table cannot be removed any more; emptied it is as good as new to everybody but the kernel. */
const forget: Readonly<Record<IptablesDialect, string>> = {
	'iptables-nft': 'nft flush ruleset',
	'iptables-legacy': 'for table in nat mangle; do for verb in -F -X; do iptables-legacy -w -t $table $verb; done; done',
};

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/failure.ts';
import type { RulesByFamily } from '../../src/firewall/firewall.ts';
import { nft } from '../../src/firewall/nft/nft-firewall.ts';
import type { NftProgram } from '../../src/firewall/nft/nft-program.ts';
import { noTable } from '../../src/firewall/nft/nft-table.ts';
import { parseListing } from '../../src/firewall/nft/parse-listing.ts';
import { renderTable } from '../../src/firewall/nft/render-table.ts';
import { renderTransactions } from '../../src/firewall/nft/render-transaction.ts';
import { tableDifferences } from '../../src/firewall/nft/table-differences.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily } from '../../src/values/units.ts';
import { createNamespace } from '../lab/net/namespace.ts';
import { captureOf } from '../support/capture.ts';
import { openFarHost } from '../support/far.ts';
import { createMemoryNft } from '../support/memory-nft.ts';
import { cases } from '../unit/ruleset/cases.ts';

const signal = AbortSignal.timeout(600_000);

const table = (...lines: readonly string[]): string => `table inet turnout {\n${lines.join('\n')}\n}\n`;
const base = ['\tchain nat_output {', '\t\ttype nat hook output priority -101; policy accept;'];
const ours = table(
	'\tcounter seen {',
	'\t}',
	...base,
	'\t\tmeta nfproto ipv4 meta l4proto tcp jump nat_egress comment "turnout: two words"',
	'\t}',
	'\tchain nat_egress {',
	'\t\ttcp dport { 80, 443 } counter name "seen" redirect to :15001 comment "turnout: these"',
	'\t}',
);

const NETWORKS = 'list_0123456789ab';
const networks = `create set inet turnout ${NETWORKS} { type ipv4_addr; flags interval; }
add element inet turnout ${NETWORKS} {
	10.0.0.0/8, 192.0.2.1-192.0.2.3
}
`;

const found = async (program: NftProgram) => parseListing(await program.read(signal));
const rulesOf = async (program: NftProgram, chain: string) =>
	(await found(program)).chains.find(({ name }) => name === chain)?.rules;
async function install(program: NftProgram, rules: RulesByFamily): Promise<void> {
	for (const { sets, document } of nft.renderInstallations(rules))
		for (const each of [...(sets === undefined ? [] : [sets]), document]) await program.commit(each, signal);
}

const refuses = async (program: NftProgram, document: string): Promise<void> => {
	const before = await found(program);
	await assert.rejects(program.commit(document, signal), Failure);
	assert.deepEqual(await found(program), before);
};

/** What the core believes of every program, whatever is behind it. Each begins with one that nobody has used. */
const contract: Readonly<Record<string, (program: NftProgram) => Promise<void>>> = {
	async 'a host that nobody has used has no table'(program) {
		assert.equal(await program.read(signal), '');
	},

	async 'a table is there without anything in it'(program) {
		await program.commit('table inet turnout\n', signal);
		assert.deepEqual(await found(program), { ...noTable, exists: true });
	},

	async 'what was committed is listed in the same words'(program) {
		await program.commit(ours, signal);
		const { chains, counters, others } = await found(program);
		assert.deepEqual(chains, [
			{
				name: 'nat_output',
				base: 'type nat hook output priority -101; policy accept;',
				rules: ['meta nfproto ipv4 meta l4proto tcp jump nat_egress comment "turnout: two words"'],
			},
			{
				name: 'nat_egress',
				rules: ['tcp dport { 80, 443 } counter name "seen" redirect to :15001 comment "turnout: these"'],
			},
		]);
		assert.deepEqual([[...counters], others], [[['seen', 0]], []]);
	},

	async 'so is every rule that settings can lead to'(program) {
		for (const [title, texts] of Object.entries(cases))
			for (const stage of ['syn', 'all'] as const) {
				// Those about cgroups have a test of their own, which makes these.
				const capture = { ...captureOf(texts), cgroups: [] };
				const rules = byFamily((family) => buildRuleset(capture, family, stage));
				await install(program, rules);
				assert.deepEqual({ ...(await found(program)), sets: [] }, renderTable(rules), `${title}, ${stage}`);
				await program.commit('delete table inet turnout\n', signal);
			}
	},

	async 'so is what the second stage adds to the rules of the first, and a change back'(program) {
		for (const [title, texts] of Object.entries(cases)) {
			const capture = { ...captureOf(texts), cgroups: [] };
			for (const stage of ['syn', 'all', 'syn'] as const) {
				const wanted = renderTable(byFamily((family) => buildRuleset(capture, family, stage)));
				for (const document of renderTransactions(await found(program), wanted)) await program.commit(document, signal);
				const now = { ...(await found(program)), sets: [] };
				assert.deepEqual(tableDifferences(now, wanted), { ipv4: [], ipv6: [] }, `${title}, ${stage}`);
			}
			await program.commit('delete table inet turnout\n', signal);
		}
	},

	async 'rules that are declared again are added, and those of a flushed chain are gone'(program) {
		await program.commit(ours, signal);
		await program.commit(table('\tchain nat_egress {', '\t\tdrop', '\t}'), signal);
		assert.equal((await rulesOf(program, 'nat_egress'))?.length, 2);
		await program.commit(
			`flush chain inet turnout nat_egress\n${table('\tchain nat_egress {', '\t\treturn', '\t}')}`,
			signal,
		);
		assert.deepEqual(await rulesOf(program, 'nat_egress'), ['return']);
		await program.commit('flush table inet turnout\n', signal);
		assert.deepEqual([await rulesOf(program, 'nat_egress'), await rulesOf(program, 'nat_output')], [[], []]);
	},

	async 'a rule of somebody else stands where it was put, and is read too'(program) {
		await program.commit(ours, signal);
		await program.commit('insert rule inet turnout nat_egress tcp dport 22 return\n', signal);
		await program.commit('add rule inet turnout nat_egress counter accept\n', signal);
		const rules = await rulesOf(program, 'nat_egress');
		assert.equal(rules?.[0], 'tcp dport 22 return');
		assert.match(rules?.[2] ?? '', /^\{"counter":\{.*\} accept$/);
	},

	async 'a set of somebody else is told by its name'(program) {
		await program.commit('table inet turnout\nadd set inet turnout theirs { type ipv4_addr; }\n', signal);
		assert.deepEqual((await found(program)).others, ['set theirs']);
	},

	async 'a set that is made with ranges is listed with them, and what it holds stands in the rules that look it up'(
		program,
	) {
		await program.commit(`table inet turnout\n${networks}`, signal);
		const [{ name = '', elements = '', isUsed = true } = {}] = (await found(program)).sets;
		assert.deepEqual([name, elements, isUsed], [NETWORKS, '{ 10.0.0.0/8, 192.0.2.1-192.0.2.3 }', false]);
		await program.commit(table('\tchain nat_egress {', `\t\tip daddr @${NETWORKS} return`, '\t}'), signal);
		assert.deepEqual(await rulesOf(program, 'nat_egress'), [`ip daddr ${elements} return`]);
		assert.deepEqual((await found(program)).others, []);
		await program.commit(`delete element inet turnout ${NETWORKS} { 10.0.0.0/8 }\n`, signal);
		await program.commit(`add element inet turnout ${NETWORKS} { 10.0.0.0/9 }\n`, signal);
		assert.deepEqual(await rulesOf(program, 'nat_egress'), ['ip daddr { 10.0.0.0/9, 192.0.2.1-192.0.2.3 } return']);
		await program.commit(`flush set inet turnout ${NETWORKS}\n`, signal);
		assert.deepEqual(await rulesOf(program, 'nat_egress'), ['ip daddr {  } return']);
	},

	async 'a set is not made twice, not removed while a rule looks it up, and no rule looks up one that is not there'(
		program,
	) {
		await program.commit(`table inet turnout\n${networks}`, signal);
		await refuses(program, networks);
		const rule = table('\tchain nat_egress {', `\t\tip daddr @${NETWORKS} return`, '\t}');
		await program.commit(rule, signal);
		await refuses(program, `delete set inet turnout ${NETWORKS}\n`);
		await refuses(program, rule.replace(NETWORKS, 'list_000000000000'));
		await program.commit('flush chain inet turnout nat_egress\n', signal);
		await program.commit(`delete set inet turnout ${NETWORKS}\n`, signal);
		assert.deepEqual((await found(program)).sets, []);
	},

	async 'of a table that was made dormant nothing but that is told, as nothing in it has an effect'(program) {
		await program.commit(ours, signal);
		await program.commit('add table inet turnout { flags dormant; }\n', signal);
		assert.deepEqual(await found(program), { ...noTable, exists: true, others: ['flags dormant'] });
	},

	async 'a jump to a chain that is not there is refused, and a counter that is not'(program) {
		await program.commit(ours, signal);
		await refuses(program, table('\tchain nat_egress {', '\t\tjump elsewhere', '\t}'));
		await refuses(program, table('\tchain nat_egress {', '\t\tcounter name "other" drop', '\t}'));
	},

	async 'what is in use, or not there, or not to be read, is not removed, and nothing of such a document holds'(
		program,
	) {
		await program.commit(ours, signal);
		await refuses(program, 'flush chain inet turnout nat_egress\ndelete chain inet turnout nat_egress\n');
		await refuses(program, 'delete chain inet turnout nat_egress\n');
		await refuses(program, 'delete counter inet turnout seen\n');
		await refuses(program, 'flush chain inet turnout nat_egress\nflush chain inet turnout elsewhere\n');
		await refuses(program, 'flush chain inet turnout nat_egress\nnobody can read this\n');
		await refuses(program, 'flush chain inet turnout nat_egress\ntable inet turnout {\n\tchain nat_egress {\n');
	},

	async 'a base chain is not moved to another priority'(program) {
		await program.commit(ours, signal);
		await refuses(
			program,
			table('\tchain nat_output {', '\t\ttype nat hook output priority 50; policy accept;', '\t}'),
		);
	},

	async 'what nothing leads to can go, and the table with all that is in it'(program) {
		await program.commit(ours, signal);
		const going = ['flush chain inet turnout nat_output', 'flush chain inet turnout nat_egress'];
		const gone = ['delete chain inet turnout nat_egress', 'delete counter inet turnout seen'];
		await program.commit(`${[...going, ...gone].join('\n')}\n`, signal);
		const { chains, counters } = await found(program);
		assert.deepEqual([chains.map(({ name }) => name), counters.size], [['nat_output'], 0]);
		await program.commit('delete table inet turnout\n', signal);
		assert.equal(await program.read(signal), '');
		await refuses(program, 'delete table inet turnout\n');
	},

	async 'the generation changes with a commit and with nothing else'(program) {
		await program.commit(ours, signal);
		const before = await program.generation();
		await program.read(signal);
		assert.equal(await program.generation(), before);
		assert.deepEqual(await program.counters(), new Map([['seen', 0]]));
		await program.commit('flush chain inet turnout nat_egress\n', signal);
		assert.notEqual(await program.generation(), before);
	},
};

for (const [title, hold] of Object.entries(contract)) test(`nft in memory: ${title}`, () => hold(createMemoryNft()));

test('nft of a real kernel', async (context) => {
	using namespace = createNamespace('contract');
	using far = openFarHost(namespace);
	for (const [title, hold] of Object.entries(contract)) {
		await context.test(title, () => hold(far.nft));
		namespace.run('nft', ['flush', 'ruleset']);
	}
});

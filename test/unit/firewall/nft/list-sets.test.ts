// Long lists with ranges are sets with names: whole before a rule looks them up, and never changed while one does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../../src/failure.ts';
import type { RulesByFamily } from '../../../../src/firewall/firewall.ts';
import { nft } from '../../../../src/firewall/nft/nft-firewall.ts';
import { parseListing } from '../../../../src/firewall/nft/parse-listing.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { nftLists } from '../../../support/host-lists.ts';
import { createMemoryNft, createMemoryNftFirewall, type MemoryNftFirewall } from '../../../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);
const noDifference = { ipv4: [], ipv6: [] };

const networks = (length: number): string => Array.from({ length }, (_, at) => `10.0.${at}.0/25`).join(',');
const rulesOf = (texts: Readonly<Record<string, string>>): RulesByFamily =>
	byFamily((family) => buildRuleset({ ...captureOf({ appPorts: '8080', ...texts }), hasSets: true }, family));
const first = rulesOf({ egressIgnoredIps: networks(40) });
const second = rulesOf({ egressIgnoredIps: networks(41) });

async function requireInstalled(firewall: MemoryNftFirewall, desired: RulesByFamily): Promise<void> {
	assert.deepEqual((await firewall.read(signal)).diff(desired), noDifference);
}

const nameIn = (document: string | undefined): string =>
	/^create set inet turnout (\S+) /m.exec(document ?? '')?.[1] ?? '';

test('a set is made before the rules that look it up, and the former one is removed after them, each by itself', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	const [made = '', rules = '', ...none] = firewall.program.commits;
	assert.deepEqual(none, []);
	assert.match(
		made,
		/^table inet turnout\ncreate set inet turnout \S+ \{ type ipv4_addr; flags interval; \}\nadd element inet turnout \S+ \{\n\t10\.0\.0\.0\/25, [^\n]*\n\}\n$/,
	);
	assert.match(rules, new RegExp(`ip daddr @${nameIn(made)} counter`));
	assert.doesNotMatch(rules, /create|element|10\.0\.0\.0/);
	await firewall.apply(second, signal);
	const [, , next = '', others = '', removal = '', ...no] = firewall.program.commits;
	assert.deepEqual(no, []);
	assert.match(others, new RegExp(`ip daddr @${nameIn(next)} counter`));
	assert.equal(removal, `delete set inet turnout ${nameIn(made)}\n`);
});

test('other rules with the same list keep its set', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	await firewall.apply(rulesOf({ egressIgnoredIps: networks(40), egressPort: '16001' }), signal);
	assert.equal(firewall.program.commits.length, 3);
});

test('neighbours are one, and a list of single values or of one network is no set with a name', async () => {
	const neighbours = Array.from({ length: 40 }, (_, at) => `10.0.${at}.0/24`).join(',');
	const singles = Array.from({ length: 40 }, (_, at) => `10.0.${at}.1`).join(',');
	for (const egressOnlyIps of [neighbours, singles])
		assert.equal(nft.renderInstallations(rulesOf({ egressOnlyIps }))[0]?.sets, undefined);
	const { sets = '', document = '' } =
		nft.renderInstallations(rulesOf({ egressOnlyIps: `${neighbours},${singles},192.0.2.0/24` }))[0] ?? {};
	assert.match(sets, /\{\n\t10\.0\.0\.0-10\.0\.39\.255, 192\.0\.2\.0\/24\n\}/);
	assert.match(document, /ip daddr @list_/);
});

test('so are hundreds of ranges of ports', async () => {
	const appPorts = Array.from({ length: 500 }, (_, at) => `${10_000 + 10 * at}-${10_005 + 10 * at}`).join(',');
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rulesOf({ appPorts }), signal);
	assert.match(
		firewall.program.commits[0] ?? '',
		/ type inet_service; flags interval; \}\nadd element inet turnout \S+ \{\n\t10000-10005, 10010-10015, /,
	);
	assert.match(firewall.program.commits[1] ?? '', /tcp dport @list_/);
	await requireInstalled(firewall, rulesOf({ appPorts }));
});

test('what somebody has changed is not put right in place: a new set takes its place', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	const lists = nftLists(firewall.program);
	const [name = ''] = await lists.names();
	await lists.empty();
	const { length } = firewall.program.commits;
	await firewall.apply(first, signal);
	await requireInstalled(firewall, first);
	const [made, rules, removal, ...more] = firewall.program.commits.slice(length);
	assert.deepEqual([nameIn(made), more], [`${name}_`, []]);
	assert.match(rules ?? '', new RegExp(`@${name}_ `));
	assert.equal(removal, `delete set inet turnout ${name}\n`);
	// And to and fro.
	await lists.extend();
	await firewall.apply(first, signal);
	assert.deepEqual(await lists.names(), [name]);
});

test('a difference in a long list is told by its beginning', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	await nftLists(firewall.program).extend();
	const { ipv4 } = (await firewall.read(signal)).diff(first);
	const lines = ipv4.map(({ kind, line }) => `${kind} ${line.replace(/ counter .*/, '')}`);
	const begin =
		'ip daddr { 10.0.0.0/25, 10.0.1.0/25, 10.0.2.0/25, 10.0.3.0/25, 10.0.4.0/25, 10.0.5.0/25, 10.0.6.0/25, 10.0.7.0/25, …';
	const of = (chain: string) => `rule inet turnout ${chain}_egress_ipv4 ${begin}`;
	assert.deepEqual(
		lines,
		['mangle', 'nat'].flatMap((table) => [`missing ${of(table)} 40 in all }`, `surplus ${of(table)} 41 in all }`]),
	);
});

test('a table that has to be made anew has a rule for each network first, as its sets would be as new as its rules', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(first, signal);
	firewall.program.edit('add set inet turnout theirs { type ipv4_addr; }\n');
	const { length } = firewall.program.commits;
	await firewall.apply(first, signal);
	await requireInstalled(firewall, first);
	const [anew = '', made = '', rules = '', ...more] = firewall.program.commits.slice(length);
	assert.match(anew, /^table inet turnout\ndelete table inet turnout\ntable inet turnout \{\n/);
	assert.match(anew, /\tip daddr 10\.0\.39\.0\/25 counter name "nat_egress.egressIgnoredIps" return comment/);
	assert.doesNotMatch(anew, /@|create set/);
	assert.match(made, /^table inet turnout\ncreate set /);
	assert.match(rules, /ip daddr @list_/);
	assert.deepEqual(more, []);
});

test('where the rules are refused, the sets of the former ones are there, and no others', async () => {
	const kernel = { refuses: false };
	const firewall = createMemoryNftFirewall({
		onCommit(document) {
			if (kernel.refuses && document.includes('\tchain '))
				throw new Failure('firewall', 'Cannot commit: refused', 'None');
		},
	});
	await firewall.apply(first, signal);
	const lists = nftLists(firewall.program);
	const before = await lists.names();
	kernel.refuses = true;
	await assert.rejects(firewall.apply(second, signal), /refused/);
	assert.deepEqual(await lists.names(), before);
	await requireInstalled(firewall, first);
});

test('a set that goes in the middle of a change is made again', async () => {
	let times = 0;
	const firewall = createMemoryNftFirewall({
		afterCommit() {
			times += 1;
			if (times === 1) firewall.program.edit(`delete set inet turnout ${nameIn(firewall.program.commits[0])}\n`);
		},
	});
	await firewall.apply(first, signal);
	await requireInstalled(firewall, first);
});

test('a set that was not there when it was read last, and one that is gone since, are found out', async () => {
	const firewall = createMemoryNftFirewall();
	const nothing = await firewall.read(signal);
	const [{ sets = '' } = {}] = nft.renderInstallations(first);
	firewall.program.edit(sets);
	const left = await firewall.read(signal);
	assert.deepEqual((await firewall.apply(first, signal, { last: nothing })).diff(first), noDifference);
	await firewall.remove({ keepConntrack: false }, signal);
	firewall.program.edit('table inet turnout\n');
	assert.deepEqual((await firewall.apply(first, signal, { last: left })).diff(first), noDifference);
});

test("a set with a name like ours that is made otherwise is somebody else's", () => {
	const ours = { name: 'list_0123456789ab', type: 'ipv4_addr', handle: 2, flags: ['interval'], elem: ['192.0.2.1'] };
	const othersWith = (set: object): readonly string[] =>
		parseListing(JSON.stringify({ nftables: [{ table: {} }, { set: { ...ours, ...set } }] })).others;
	assert.deepEqual(othersWith({}), []);
	assert.deepEqual(othersWith({ flags: 'interval' }), []);
	for (const set of [
		...[{ name: 'theirs' }, { name: 'list_01' }, { type: 'ether_addr' }, { type: ['ipv4_addr', 'inet_service'] }],
		...[{ flags: ['interval', 'timeout'] }, { timeout: 60 }, { 'auto-merge': true }],
		...[{ elem: [{ elem: { val: '192.0.2.1', comment: 'why' } }] }],
	])
		assert.equal(othersWith(set).length, 1, JSON.stringify(set));
});

test('what a set holds is read as it is, in a rule of somebody else too', async () => {
	const program = createMemoryNft();
	const [{ sets = '', document = '' } = {}] = nft.renderInstallations(first);
	await program.commit(sets, signal);
	await program.commit(document, signal);
	await program.commit(`add rule inet turnout nat_egress_ipv6 ip saddr @${nameIn(sets)} drop\n`, signal);
	const rules = parseListing(await program.read(signal)).chains.find(({ name }) => name === 'nat_egress_ipv6')?.rules;
	assert.match(rules?.at(-1) ?? '', /^ip saddr \{ 10\.0\.0\.0\/25, .* \} drop$/);
});

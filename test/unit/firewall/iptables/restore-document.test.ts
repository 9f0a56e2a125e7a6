import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Difference } from '../../../../src/firewall/firewall.ts';
import { differences, hangsOn } from '../../../../src/firewall/iptables/diff.ts';
import { builtIns, emptyRules, type IptablesRules } from '../../../../src/firewall/iptables/iptables-rules.ts';
import { parseIptablesSave } from '../../../../src/firewall/iptables/parse-save.ts';
import { renderIptables } from '../../../../src/firewall/iptables/render-rules.ts';
import { renderRestoreDocument } from '../../../../src/firewall/iptables/restore-document.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import type { Capture } from '../../../../src/ruleset/capture.ts';
import { dockerRules } from '../../../lab/net/docker-rules.ts';
import { administratorRules } from '../../../lab/net/foreign-rules.ts';
import { anySettings } from '../../../property/generators.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryIptables, type MemoryIptables } from '../../../support/memory-firewall.ts';
import { cases } from '../../ruleset/cases.ts';

const signal = AbortSignal.timeout(600_000);
const heldOf = (texts: Readonly<Record<string, string>>): IptablesRules =>
	renderIptables(buildRuleset(captureOf(texts), 'ipv4'));
const plain = renderIptables(buildRuleset(captureOf({ appPorts: '8080' }), 'ipv4', 'syn'));

const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
const read = async (firewall: MemoryIptables): Promise<IptablesRules> =>
	parseIptablesSave(await firewall.read('ipv4', signal));

async function change(firewall: MemoryIptables, wanted: IptablesRules): Promise<void> {
	const found = await read(firewall);
	const needed = builtIns.filter((chain) => found.createdBuiltIns?.[chain] === undefined && hangsOn(wanted, chain));
	const are = await Promise.all(needed.map((chain) => firewall.hasMangleChain('ipv4', chain)));
	const makes = needed.filter((_, at) => are[at] === false);
	await firewall.commit('ipv4', renderRestoreDocument(found, wanted, makes), signal);
}

/** A host with neighbours, and with ours on it. */
async function inhabited(wanted: IptablesRules, { cgroups = [] }: Partial<Capture> = {}): Promise<MemoryIptables> {
	const firewall = createMemoryIptables({ cgroups: new Map(cgroups.map(({ path, id }) => [path, id])) });
	for (const text of [administratorRules('v4'), dockerRules('v4')]) firewall.edit('ipv4', text);
	await change(firewall, wanted);
	return firewall;
}

test('from any settings to any others and back to nothing: the rules are as desired, and nothing else has changed', async () => {
	const wanted = fc.array(anySettings.map(heldOf), { minLength: 1, maxLength: 3 });
	const property = fc.asyncProperty(wanted, async (steps) => {
		const firewall = await inhabited(emptyRules);
		const before = firewall.text();
		for (const step of steps) {
			await change(firewall, step);
			assert.deepEqual(differences(await read(firewall), step), []);
		}
		await change(firewall, emptyRules);
		assert.equal(firewall.text(), before);
	});
	await fc.assert(property, { numRuns: 60 });
});

test('where the rules are as desired there is no difference and no document', async () => {
	for (const texts of Object.values(cases)) {
		const firewall = await inhabited(heldOf(texts), captureOf(texts));
		assert.deepEqual(differences(await read(firewall), heldOf(texts)), []);
	}
	assert.equal(renderRestoreDocument(emptyRules, emptyRules), '');
});

test('the guard comes before the redirects, and goes after them', () => {
	const tablesOf = (text: string) => text.match(/^\*\w+/gm);
	assert.deepEqual(tablesOf(renderRestoreDocument(emptyRules, plain)), ['*mangle', '*nat']);
	assert.deepEqual(tablesOf(renderRestoreDocument(plain, emptyRules)), ['*nat', '*mangle']);
});

const ingress = plain.chains.find(({ table, name }) => table === 'nat' && name === 'APPMESH_INGRESS')?.rules ?? [];

/** Somebody interferes; how it is told. Afterwards all of it can be put right in one step. */
const interferences: Readonly<Record<string, readonly [edit: string, told: readonly Difference[]]>> = {
	'a rule of ours is deleted': [
		document('nat', `-D APPMESH_INGRESS ${ingress[0]}`),
		[
			{
				...{ kind: 'missing', table: 'nat' },
				line: '-A APPMESH_INGRESS -p tcp -m multiport --dports 22 -m comment --comment "turnout: these ports are ignored" -j RETURN',
			},
		],
	],
	'a rule is put among ours': [
		document('nat', '-I APPMESH_EGRESS 1 -p tcp -j RETURN'),
		[{ kind: 'surplus', table: 'nat', line: '-A APPMESH_EGRESS -p tcp -j RETURN' }],
	],
	'our rules are put in another order': [
		document('nat', ':APPMESH_INGRESS - [0:0]', ...ingress.toReversed().map((rule) => `-A APPMESH_INGRESS ${rule}`)),
		[{ kind: 'misplaced', table: 'nat', line: '-A APPMESH_INGRESS (order of its rules)' }],
	],
	'a rule is put before our hook': [
		document('nat', '-I OUTPUT 1 -p udp -j ACCEPT'),
		[{ kind: 'misplaced', table: 'nat', line: `-I OUTPUT 1 ${hookIn('nat', 'OUTPUT')}` }],
	],
	'our hook is deleted': [
		document('nat', `-D OUTPUT ${hookIn('nat', 'OUTPUT')}`),
		[{ kind: 'missing', table: 'nat', line: `-I OUTPUT 1 ${hookIn('nat', 'OUTPUT')}` }],
	],
	'our hook is there twice': [
		document('nat', `-A OUTPUT ${hookIn('nat', 'OUTPUT')}`),
		[{ kind: 'surplus', table: 'nat', line: `-A OUTPUT ${hookIn('nat', 'OUTPUT')}` }],
	],
	"a rule in somebody's own chain leads to us": [
		document('nat', ':SHOP - [0:0]', '-A SHOP -p tcp -j APPMESH_EGRESS'),
		[{ kind: 'surplus', table: 'nat', line: '-A SHOP -p tcp -j APPMESH_EGRESS' }],
	],
	'a chain with a name of ours is added': [
		document('nat', ':APPMESH_BRIDGE - [0:0]', '-A APPMESH_BRIDGE -p tcp -j RETURN'),
		[
			{ kind: 'surplus', table: 'nat', line: '-N APPMESH_BRIDGE' },
			{ kind: 'surplus', table: 'nat', line: '-A APPMESH_BRIDGE -p tcp -j RETURN' },
		],
	],
	'our chain is gone': [
		document(
			'mangle',
			':APPMESH_INGRESS - [0:0]',
			`-D PREROUTING ${hookIn('mangle', 'PREROUTING')}`,
			'-X APPMESH_INGRESS',
		),
		[
			{ kind: 'missing', table: 'mangle', line: '-N APPMESH_INGRESS' },
			{
				...{ kind: 'missing', table: 'mangle' },
				line: '-A APPMESH_INGRESS -p tcp -m multiport --dports 15000,15001 -m comment --comment "turnout: nobody dials Envoy\'s own listeners from outside" -j DROP',
			},
			{ kind: 'missing', table: 'mangle', line: `-I PREROUTING 1 ${hookIn('mangle', 'PREROUTING')}` },
		],
	],
	'nothing of ours': [document('filter', '-A INPUT -p udp -j ACCEPT'), []],
};

function hookIn(table: string, chain: string): string | undefined {
	return plain.hooks.find((hook) => hook.table === table && hook.chain === chain)?.rule;
}

for (const [title, [edit, told]] of Object.entries(interferences))
	test(`${title}: it is told, and repaired`, async () => {
		const firewall = await inhabited(plain);
		firewall.edit('ipv4', edit);
		assert.deepEqual(differences(await read(firewall), plain), told);
		await change(firewall, plain);
		assert.deepEqual(differences(await read(firewall), plain), []);
	});

for (const [title, [edit]] of Object.entries(interferences))
	test(`${title}: our rules can still be removed`, async () => {
		const firewall = await inhabited(plain);
		firewall.edit('ipv4', edit);
		await change(firewall, emptyRules);
		assert.doesNotMatch(firewall.text(), /APPMESH_/);
	});

test('rules that the 2019 script left, each one twice, are taken over and removed with ours', async () => {
	const firewall = createMemoryIptables();
	const egress = ['-m owner --uid-owner 1337 -j RETURN', '-p tcp -m multiport --dports 22 -j RETURN'];
	const redirect = '-p tcp -j REDIRECT --to-ports 15001';
	const hooks = [
		'-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS',
		'-A PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS',
	];
	const rules = [...egress, redirect].map((rule) => `-A APPMESH_EGRESS ${rule}`);
	firewall.edit('ipv4', document('mangle', ':APPMESH_INGRESS - [0:0]'));
	firewall.edit('ipv4', document('nat', ':APPMESH_EGRESS - [0:0]', ':APPMESH_INGRESS - [0:0]'));
	for (const _ of ['enable', 'enable again']) firewall.edit('ipv4', document('nat', ...rules, ...hooks));

	await change(firewall, plain);
	assert.deepEqual(differences(await read(firewall), plain), []);
	await change(firewall, emptyRules);
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});

test('a rule of ours is deleted as the kernel spells it', async () => {
	const firewall = createMemoryIptables({ spell: (rule) => rule.replace('-p tcp -m tcp ', '-p tcp ') });
	await change(firewall, plain);
	assert.deepEqual(differences(await read(firewall), plain), []);
	await change(firewall, emptyRules);
	const last = firewall.commits.at(-1)?.document ?? '';
	assert.match(last, /^-D OUTPUT -p tcp --tcp-flags/m);
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});

test('rules that stay are not touched: a document inserts what is missing at its position, and no more', async () => {
	const firewall = createMemoryIptables();
	await change(firewall, plain);
	for (const tamper of ['-D APPMESH_EGRESS 2', '-F APPMESH_INGRESS', '-D OUTPUT 1', '-D APPMESH_EGRESS 1']) {
		firewall.edit('ipv4', document('nat', tamper));
		await change(firewall, plain);
		const last = firewall.commits.at(-1)?.document ?? '';
		assert.doesNotMatch(last, /^(:|-D|\*mangle)/m, tamper);
		assert.deepEqual(differences(await read(firewall), plain), []);
	}
});

test('rules in another order, or with one of somebody else between them, are written anew', async () => {
	const firewall = createMemoryIptables();
	await change(firewall, plain);
	const foreign = '-p udp -j ACCEPT';
	for (const tamper of [`-I APPMESH_EGRESS 2 ${foreign}`, `-I OUTPUT 1 ${foreign}`, `-I PREROUTING 1 ${foreign}`]) {
		firewall.edit('ipv4', document('nat', tamper));
		await change(firewall, plain);
		assert.deepEqual(differences(await read(firewall), plain), []);
	}
});

for (const builtIn of builtIns)
	test(`mangle's ${builtIn} that was created for us is removed with ours, unless others use it by now`, async () => {
		const alone = createMemoryIptables();
		await change(alone, plain);
		await change(alone, emptyRules);
		assert.equal(await alone.hasMangleChain('ipv4', builtIn), false);

		const shared = createMemoryIptables();
		await change(shared, plain);
		shared.edit('ipv4', document('mangle', `-A ${builtIn} -p udp -j ACCEPT`));
		await change(shared, emptyRules);
		assert.equal(await shared.hasMangleChain('ipv4', builtIn), true);
		assert.doesNotMatch(shared.text(), /APPMESH_/);

		const before = createMemoryIptables();
		before.edit('ipv4', document('mangle', `-A ${builtIn} -p udp -j ACCEPT`, `-D ${builtIn} -p udp -j ACCEPT`));
		await change(before, plain);
		await change(before, emptyRules);
		assert.equal(await before.hasMangleChain('ipv4', builtIn), true);
	});

test("without the guard mangle's PREROUTING is not needed any more, and only that is removed", async () => {
	const firewall = createMemoryIptables();
	await change(firewall, plain);
	await change(firewall, heldOf({ guard: '0' }));
	assert.equal(await firewall.hasMangleChain('ipv4', 'PREROUTING'), false);
	assert.equal(await firewall.hasMangleChain('ipv4', 'OUTPUT'), true);
});

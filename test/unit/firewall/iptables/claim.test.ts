import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IptablesDialect } from '../../../../src/firewall/firewall.ts';
import type { BaseChain } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { renderIptables } from '../../../../src/firewall/iptables/render-rules.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryFirewall } from '../../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const rules = byFamily((family) => buildRuleset(captureOf({ appPorts: '8080' }), family));
const hooks = renderIptables(rules.ipv4).hooks.filter(({ table, chain }) => table === 'nat' && chain === 'OUTPUT');

const chain = (of: Partial<BaseChain>): BaseChain => ({
	...{ family: 'ip', table: 'nat', chain: 'OUTPUT', type: 'nat', hook: 'output', priority: -100 },
	...{ dropsRest: false, rules: hooks.length, seen: 1 },
	...of,
});
const docker = (seen: number): BaseChain => chain({ table: 'docker-bridges', chain: 'nat-output', rules: 3, seen });

async function claim(chains: readonly BaseChain[], dialect: IptablesDialect = 'iptables-nft') {
	const firewall = createMemoryFirewall({ dialect });
	const last = await firewall.apply(rules, signal);
	const before = firewall.commits.length;
	const lines = (await firewall.claim?.({ chains, legacyNat: {} }, last, ['ipv4', 'ipv6'], signal)) ?? ['no claim'];
	return { firewall, lines, commits: firewall.commits.slice(before) };
}

test("our chain is made anew, in one commit, where somebody else's is newer", async () => {
	const { firewall, lines, commits } = await claim([chain({}), docker(2)]);
	assert.deepEqual(lines, ['ipv4 OUTPUT of nat came behind table ip docker-bridges, chain nat-output (priority -100)']);
	const own = hooks.map(({ rule }) => rule);
	assert.deepEqual(commits, [
		{
			family: 'ipv4',
			document: [
				'*nat',
				...own.map((rule) => `-D OUTPUT ${rule}`),
				'-X OUTPUT',
				...own.map((rule, at) => `-I OUTPUT ${at + 1} ${rule}`),
				'COMMIT\n',
			].join('\n'),
		},
	]);
	assert.deepEqual((await firewall.read(signal)).diff(rules), { ipv4: [], ipv6: [] });
});

for (const [title, chains] of Object.entries({
	'an older chain of somebody else': [chain({ seen: 2 }), docker(1)],
	'a newer chain with another priority': [chain({}), { ...docker(2), priority: -90 }],
	'a newer chain on another hook': [chain({}), { ...docker(2), hook: 'input' }],
	'a chain of ours that has rules of others': [chain({ rules: hooks.length + 1 }), docker(2)],
} satisfies Readonly<Record<string, readonly BaseChain[]>>))
	test(`${title} is no reason to make ours anew`, async () => {
		const { lines, commits } = await claim(chains);
		assert.deepEqual([lines, commits], [[], []]);
	});

test("iptables-legacy's chains cannot be made anew", async () => {
	const { lines, commits } = await claim([chain({}), docker(2)], 'iptables-legacy');
	assert.deepEqual([lines, commits], [[], []]);
});

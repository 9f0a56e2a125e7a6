import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Failure } from '../../../../src/failure.ts';
import type { RulesByFamily } from '../../../../src/firewall/firewall.ts';
import { createIptablesFirewall } from '../../../../src/firewall/iptables/iptables-firewall.ts';
import type { IptablesProgram } from '../../../../src/firewall/iptables/iptables-program.ts';
import { renderIptables } from '../../../../src/firewall/iptables/render-rules.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily, families } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import {
	createMemoryFirewall,
	createMemoryIptables,
	type MemoryFirewall,
	type MemoryIptables,
} from '../../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);

const rulesOf = (texts: Readonly<Record<string, string>>): RulesByFamily =>
	byFamily((family) => buildRuleset(captureOf(texts), family));

const first = rulesOf({ appPorts: '8080' });
const second = rulesOf({ appPorts: '9090', egressPort: '16001' });
const none: RulesByFamily = { ipv4: [], ipv6: [] };
const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;

async function requireInstalled(firewall: MemoryFirewall, desired: RulesByFamily): Promise<void> {
	assert.deepEqual((await firewall.read(signal)).diff(desired), { ipv4: [], ipv6: [] });
}

test('both families are committed, and the reply is what was read back', async () => {
	const firewall = createMemoryFirewall();
	const installed = await firewall.apply(first, signal);
	assert.deepEqual(
		firewall.commits.map(({ family }) => family),
		['ipv6', 'ipv4'],
	);
	assert.deepEqual(installed.diff(first), { ipv4: [], ipv6: [] });
	await requireInstalled(firewall, first);
});

test('nothing is committed where everything is as desired', async () => {
	const firewall = createMemoryFirewall();
	await firewall.apply(none, signal);
	assert.equal(firewall.commits.length, 0);
	await firewall.apply(first, signal);
	const { length } = firewall.commits;
	await firewall.apply(first, signal);
	assert.equal(firewall.commits.length, length);
});

test('only the family that differs is committed', async () => {
	const firewall = createMemoryFirewall();
	await firewall.apply(first, signal);
	firewall.edit('ipv6', document('nat', '-I APPMESH_EGRESS 1 -p tcp -j RETURN'));
	const { length } = firewall.commits;
	await firewall.apply(first, signal);
	assert.deepEqual(
		firewall.commits.slice(length).map(({ family }) => family),
		['ipv6'],
	);
	await requireInstalled(firewall, first);
});

test('if the second family fails, the first goes back to what it was', async () => {
	const hindrance = { isOn: false };
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (hindrance.isOn && family === 'ipv4') throw new Failure('firewall', 'Cannot: no room', 'Make some');
		},
	});
	await firewall.apply(first, signal);
	const before = firewall.text();
	hindrance.isOn = true;
	await assert.rejects(firewall.apply(second, signal), /no room/);
	assert.equal(firewall.text(), before);
	await requireInstalled(firewall, first);
});

test('a kernel that takes no IPv6 rules refuses them before IPv4 is changed', async () => {
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (family === 'ipv6') throw new Failure('unsupported', 'Cannot: no nat here', 'Set ipv6 to 0');
		},
	});
	await assert.rejects(firewall.apply(first, signal), /no nat here/);
	assert.deepEqual(firewall.commits, []);
	assert.equal(firewall.text(), createMemoryFirewall().text());
});

test('IPv6 ends before IPv4 begins, until the kernel has taken rules of both: then both are committed at once', async () => {
	const memory = createMemoryIptables();
	const { seen, program } = watched(memory);
	const firewall = createIptablesFirewall(program);
	await firewall.apply(first, signal);
	assert.deepEqual(seen.splice(0), ['ipv6', 'ipv4']);
	await firewall.apply(second, signal);
	assert.deepEqual(seen.splice(0), ['ipv6', 'ipv6+ipv4']);
	// Another process finds rules of both.
	await createIptablesFirewall(program).remove({ keepConntrack: false }, signal);
	assert.deepEqual(seen, ['ipv6', 'ipv6+ipv4']);
});

/** `seen`: what was being committed whenever a commit began. */
function watched(memory: MemoryIptables) {
	const running: string[] = [];
	const seen: string[] = [];
	const program: IptablesProgram = {
		...memory,
		async commit(family, document, given) {
			running.push(family);
			seen.push(running.join('+'));
			await setImmediate();
			await memory.commit(family, document, given);
			running.splice(running.indexOf(family), 1);
		},
	};
	return { seen, program };
}

for (const family of families)
	for (const table of ['mangle', 'nat'])
		test(`if ${table} of ${family} is refused, both tables of both families go back to what they were`, async () => {
			const hindrance = { isOn: false };
			const firewall = createMemoryFirewall({
				onTable(of, name) {
					if (hindrance.isOn && of === family && name === table)
						throw new Failure('firewall', 'Cannot: no room', 'Make some');
				},
			});
			for (const before of [none, second]) {
				hindrance.isOn = false;
				await firewall.apply(before, signal);
				hindrance.isOn = true;
				await assert.rejects(firewall.apply(first, signal), /no room/);
				await requireInstalled(firewall, before);
			}
		});

const cannotPrint = {
	onCheck: (family: string) => {
		if (family === 'ipv4') throw new Failure('firewall', 'Cannot read: made with nft', 'Put it elsewhere');
	},
};

test('where iptables cannot print what is there nothing is committed', async () => {
	const firewall = createMemoryFirewall(cannotPrint);
	await assert.rejects(firewall.apply(first, signal), /made with nft/);
	assert.deepEqual(firewall.commits, []);
});

test('rules like those that were read back before are committed without asking that', async () => {
	const firewall = createMemoryFirewall(cannotPrint);
	await firewall.apply(first, signal, { skipCheck: true });
	await requireInstalled(firewall, first);
});

test('where the rules read last differ from what is desired they are not read again before the commit', async () => {
	const reads: string[] = [];
	const firewall = createMemoryFirewall({ onRead: (family) => reads.push(family) });
	const last = await firewall.apply(first, signal);
	reads.length = 0;
	await firewall.apply(second, signal, { last });
	assert.deepEqual(reads, ['ipv4', 'ipv6'], 'to read back');
	await requireInstalled(firewall, second);
});

test('rules read last that are out of date make the commit fail, and the next attempt starts from what is there', async () => {
	const firewall = createMemoryFirewall();
	const last = await firewall.apply(first, signal);
	firewall.edit('ipv4', document('nat', `-D OUTPUT ${outputHook}`));
	await firewall.apply(none, signal, { last });
	await requireInstalled(firewall, none);
});

const outputHook = renderIptables(first.ipv4).hooks.find(
	({ table, chain }) => table === 'nat' && chain === 'OUTPUT',
)?.rule;

test('if somebody changes our chains between the reading and the commit, they are read again', async () => {
	const edits = [document('nat', `-D OUTPUT ${outputHook}`)];
	const firewall: MemoryFirewall = createMemoryFirewall({
		onCommit: (family) => {
			if (firewall.commits.length >= 2 && family === 'ipv4')
				for (const edit of edits.splice(0)) firewall.edit(family, edit);
		},
	});
	await firewall.apply(first, signal);
	await firewall.apply(second, signal);
	assert.deepEqual(edits, []);
	await requireInstalled(firewall, second);
});

test('if somebody puts a rule before ours between the commit and the reading back, it is done again', async () => {
	const edits = [document('nat', '-I OUTPUT 1 -p udp -j ACCEPT')];
	const firewall: MemoryFirewall = createMemoryFirewall({
		afterCommit: (family) => {
			for (const edit of edits.splice(0)) firewall.edit(family, edit);
		},
	});
	await firewall.apply(first, signal);
	await requireInstalled(firewall, first);
	assert.match(firewall.text(), /-A OUTPUT -p udp -j ACCEPT/);
});

test('if somebody does that each time, it fails with the line that is wrong, and everything is as before', async () => {
	const firewall: MemoryFirewall = createMemoryFirewall({
		afterCommit: (family) => firewall.edit(family, document('nat', '-I OUTPUT 1 -p udp -j ACCEPT')),
	});
	await assert.rejects(firewall.apply(first, signal), (error) => {
		assert.ok(error instanceof Failure);
		assert.equal(error.code, 'firewall');
		assert.match(error.message, /misplaced in nat: -I OUTPUT 1 .* -j APPMESH_EGRESS/);
		return true;
	});
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});

test('rules that read back otherwise than committed are a failure with the line, and those of before come back', async () => {
	const misreading = { isOn: false };
	const spell = (rule: string): string =>
		misreading.isOn ? rule.replace('--to-ports 16001', '--to-ports 16002') : rule;
	const firewall = createMemoryFirewall({ spell });
	await firewall.apply(first, signal);
	const before = firewall.text();
	misreading.isOn = true;
	await assert.rejects(firewall.apply(second, signal), /reads back otherwise: .*REDIRECT --to-ports 1600/);
	assert.equal(firewall.text(), before);
});

test('an abort in the middle leaves what was there before', async () => {
	const stop = new AbortController();
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (family !== 'ipv6' || stop.signal.aborted) return;
			stop.abort(new Error('stopped'));
			throw stop.signal.reason;
		},
	});
	await assert.rejects(firewall.apply(first, stop.signal), /stopped/);
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});

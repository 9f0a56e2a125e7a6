import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../../src/failure.ts';
import {
	type ByFamily,
	commitRules,
	emptyBothFamilies,
	readHeld,
} from '../../../../src/firewall/iptables/apply-rules.ts';
import { differences } from '../../../../src/firewall/iptables/diff.ts';
import { renderIptables } from '../../../../src/firewall/iptables/render-rules.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { families } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryFirewall, type MemoryFirewall } from '../../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);

function wantedOf(texts: Readonly<Record<string, string>>): ByFamily<ReturnType<typeof renderIptables>> {
	const capture = captureOf(texts);
	return {
		ipv4: renderIptables(buildRuleset(capture, 'ipv4')),
		ipv6: renderIptables(buildRuleset(capture, 'ipv6')),
	};
}

const first = wantedOf({ appPorts: '8080' });
const second = wantedOf({ appPorts: '9090', egressPort: '16001' });
const document = (table: string, ...lines: readonly string[]): string => `*${table}\n${lines.join('\n')}\nCOMMIT\n`;

async function requireHeld(firewall: MemoryFirewall, wanted: typeof first): Promise<void> {
	const held = await readHeld(firewall, signal);
	for (const family of families) assert.deepEqual(differences(held[family], wanted[family]), []);
}

test('what is wanted is committed for both families, and what was read back is what one is told', async () => {
	const firewall = createMemoryFirewall();
	const held = await commitRules(firewall, () => first, signal);
	assert.deepEqual(
		firewall.commits.map(({ family }) => family),
		['ipv4', 'ipv6'],
	);
	for (const family of families) assert.deepEqual(differences(held[family], first[family]), []);
	await requireHeld(firewall, first);
});

test('where all is as wanted nothing is committed', async () => {
	const firewall = createMemoryFirewall();
	await commitRules(firewall, () => emptyBothFamilies, signal);
	assert.equal(firewall.commits.length, 0);
	await commitRules(firewall, () => first, signal);
	const { length } = firewall.commits;
	await commitRules(firewall, () => first, signal);
	assert.equal(firewall.commits.length, length);
});

test('only the family that differs is committed', async () => {
	const firewall = createMemoryFirewall();
	await commitRules(firewall, () => first, signal);
	firewall.edit('ipv6', document('nat', '-I APPMESH_EGRESS 1 -p tcp -j RETURN'));
	const { length } = firewall.commits;
	await commitRules(firewall, () => first, signal);
	assert.deepEqual(
		firewall.commits.slice(length).map(({ family }) => family),
		['ipv6'],
	);
	await requireHeld(firewall, first);
});

test('if the second family fails, the first goes back to what it was', async () => {
	const hindrance = { isOn: false };
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (hindrance.isOn && family === 'ipv6') throw new Failure('firewall', 'Cannot: no room', 'Make some');
		},
	});
	await commitRules(firewall, () => first, signal);
	const before = firewall.text();
	hindrance.isOn = true;
	await assert.rejects(
		commitRules(firewall, () => second, signal),
		/no room/,
	);
	assert.equal(firewall.text(), before);
	await requireHeld(firewall, first);
});

test('if the first family fails, the second is not touched', async () => {
	const firewall = createMemoryFirewall({
		onCommit: () => {
			throw new Failure('firewall', 'Cannot: no room', 'Make some');
		},
	});
	await assert.rejects(
		commitRules(firewall, () => first, signal),
		/no room/,
	);
	assert.equal(firewall.text(), createMemoryFirewall().text());
});

test('a document that one family cannot take is found before the other family is changed', async () => {
	const firewall = createMemoryFirewall();
	const refusing: MemoryFirewall = {
		...firewall,
		check: async (family) => {
			if (family === 'ipv6') throw new Failure('unsupported', 'Cannot: no nat here', 'Set ipv6 to 0');
		},
	};
	await assert.rejects(
		commitRules(refusing, () => first, signal),
		/no nat here/,
	);
	assert.deepEqual(firewall.commits, []);
});

test('who changes our chains between our reading and our committing makes us read again', async () => {
	const edits = [document('nat', `-D OUTPUT ${first.ipv4.hooks.find(({ chain }) => chain === 'OUTPUT')?.rule}`)];
	const firewall: MemoryFirewall = createMemoryFirewall({
		onCommit: (family) => {
			if (firewall.commits.length >= 2 && family === 'ipv4')
				for (const edit of edits.splice(0)) firewall.edit(family, edit);
		},
	});
	await commitRules(firewall, () => first, signal);
	await commitRules(firewall, () => second, signal);
	assert.deepEqual(edits, []);
	await requireHeld(firewall, second);
});

test('who puts a rule before ours between our committing and our reading back makes us do it again', async () => {
	const edits = [document('nat', '-I OUTPUT 1 -p udp -j ACCEPT')];
	const firewall: MemoryFirewall = createMemoryFirewall({
		afterCommit: (family) => {
			for (const edit of edits.splice(0)) firewall.edit(family, edit);
		},
	});
	await commitRules(firewall, () => first, signal);
	await requireHeld(firewall, first);
	assert.match(firewall.text(), /-A OUTPUT -p udp -j ACCEPT/);
});

test('who does that each time makes us give up, with the line that is wrong, and leave things as they were', async () => {
	const firewall: MemoryFirewall = createMemoryFirewall({
		afterCommit: (family) => firewall.edit(family, document('nat', '-I OUTPUT 1 -p udp -j ACCEPT')),
	});
	await assert.rejects(
		commitRules(firewall, () => first, signal),
		(error) => {
			assert.ok(error instanceof Failure);
			assert.equal(error.code, 'firewall');
			assert.match(error.message, /misplaced in nat: -I OUTPUT 1 .* -j APPMESH_EGRESS/);
			return true;
		},
	);
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});

test('rules that read back otherwise than meant are a failure that shows the line, and what was before comes back', async () => {
	const misreading = { isOn: false };
	const spell = (rule: string): string =>
		misreading.isOn ? rule.replace('--to-ports 16001', '--to-ports 16002') : rule;
	const firewall = createMemoryFirewall({ spell });
	await commitRules(firewall, () => first, signal);
	const before = firewall.text();
	misreading.isOn = true;
	await assert.rejects(
		commitRules(firewall, () => second, signal),
		/reads back otherwise: .*REDIRECT --to-ports 1600/,
	);
	assert.equal(firewall.text(), before);
});

test('whoever tells us to stop in the middle finds what was there before', async () => {
	const stop = new AbortController();
	const firewall = createMemoryFirewall({
		onCommit: (family) => {
			if (family !== 'ipv6' || stop.signal.aborted) return;
			stop.abort(new Error('stopped'));
			throw stop.signal.reason;
		},
	});
	await assert.rejects(
		commitRules(firewall, () => first, stop.signal),
		/stopped/,
	);
	assert.doesNotMatch(firewall.text(), /APPMESH_/);
});
